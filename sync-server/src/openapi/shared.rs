//! What all operations have in common, told for each of them: the failures that the layers around
//! all routes answer with, and the headers that belong to a status.

use utoipa::openapi::{
    Content, Header, HttpMethod, Object, OpenApi, PathItem, Ref, RefOr, Required, Response, Type,
    path::{Operation, Parameter, ParameterBuilder, ParameterIn},
};

/// Adds to each operation what it does not tell itself.
pub fn complete(mut document: OpenApi) -> OpenApi {
    for item in document.paths.paths.values_mut() {
        for (method, operation) in operations(item) {
            add_failures(&method, operation);
            add_headers(operation);
        }
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, head, options, .. } = item;
    let all = [
        (HttpMethod::Get, get),
        (HttpMethod::Put, put),
        (HttpMethod::Post, post),
        (HttpMethod::Delete, delete),
        (HttpMethod::Patch, patch),
        (HttpMethod::Head, head),
        (HttpMethod::Options, options),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn add_failures(method: &HttpMethod, operation: &mut Operation) {
    let takes_json = operation.request_body.is_some();
    let has_parameters = operation.parameters.as_ref().is_some_and(|all| !all.is_empty());
    // Whoever sends a body where none is read still gets told of its bounds.
    let may_have_body = !matches!(method, HttpMethod::Get | HttpMethod::Head);
    let failures = [
        ("400", takes_json || has_parameters, "A parameter or the body is not as it must be"),
        ("408", may_have_body, "The body came too slowly"),
        ("413", may_have_body, "The body is too large"),
        ("414", true, "The address is too long"),
        ("415", takes_json, "The body is not declared as JSON"),
        ("431", true, "The head of the request is too large"),
        ("500", true, "A fault of the server"),
        ("503", true, "Not now; `retry-after` says when"),
    ];
    for (status, _, description) in failures.into_iter().filter(|(_, may_be, _)| *may_be) {
        let responses = &mut operation.responses.responses;
        responses
            .entry(status.to_owned())
            .or_insert_with(|| failure(description, *method != HttpMethod::Head).into());
    }
}

fn failure(description: &str, has_body: bool) -> Response {
    let mut response = Response::new(description);
    if has_body {
        let body = Content::new(Some(Ref::from_schema_name("Envelope")));
        response.content.insert("application/json".to_owned(), body.into());
    }
    response
}

fn add_headers(operation: &mut Operation) {
    let is_conditional = operation.responses.responses.contains_key("304");
    let is_in_parts = operation.responses.responses.contains_key("206");
    let mut asked = Vec::new();
    if is_conditional {
        asked.push(("if-none-match", "ETags that the client has; `304` where one is the present"));
    }
    if is_in_parts {
        asked.push(("range", "One range of bytes (RFC 9110, section 14.2), such as `bytes=0-99`"));
        asked.push(("if-range", "The ETag the range is meant for; all of it where it is another"));
        asked.push(("if-match", "ETags that will do; `412` where none is the present one"));
    }
    for (name, description) in asked {
        operation.parameters.get_or_insert_default().push(asked_header(name, description).into());
    }
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        let mut put = |name: &str, kind, description: &str| {
            response.headers.insert(name.to_owned(), header(kind, description).into());
        };
        put("x-request-id", Type::String, "Finds the request in the server's log");
        match status.as_str() {
            "200" | "206" | "304" if is_conditional => {
                put("etag", Type::String, "Strong: the same tag means the same bytes");
            }
            "401" => put("www-authenticate", Type::String, "`Bearer`"),
            "405" => put("allow", Type::String, "The methods it takes"),
            "429" | "503" => put("retry-after", Type::Integer, "Seconds to wait"),
            "416" => put("content-range", Type::String, "`bytes */` and the size there is"),
            _ => {}
        }
        if is_in_parts && matches!(status.as_str(), "200" | "206") {
            put("accept-ranges", Type::String, "`bytes`");
            put("content-length", Type::Integer, "In bytes");
        }
        if status == "206" {
            put("content-range", Type::String, "Which bytes of how many");
        }
    }
}

fn asked_header(name: &str, description: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(Object::with_type(Type::String)))
        .build()
}

fn header(kind: Type, description: &str) -> Header {
    let mut header = Header::new(Object::with_type(kind));
    header.description = Some(description.to_owned());
    header
}
