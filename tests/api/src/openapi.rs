//! The routes of a server, as its OpenAPI document tells them.

use anyhow::Context as _;
use reqwest::Method;
use serde_json::Value;

use crate::Client;

/// One operation of the document.
#[derive(Clone, Debug)]
pub struct Operation {
    pub id: String,
    pub method: Method,
    /// With parameters in braces.
    pub path: String,
    /// Names of parameters in the query, with their schema.
    pub query: Vec<(String, Value)>,
    /// Fields of a JSON body with their schema; `None` where there is no body.
    pub body: Option<Vec<(String, Value)>>,
    /// Whether it can be had without a token at all.
    pub is_open: bool,
}

impl Operation {
    /// The path with `value` in the place of each parameter.
    pub fn path_with(&self, value: &str) -> String {
        self.path_of(|_| value)
    }

    /// The path with what `value` says in the place of each parameter, by its name.
    pub fn path_of<'a>(&'a self, value: impl Fn(&str) -> &'a str) -> String {
        let name = |part: &'a str| part.strip_prefix('{')?.strip_suffix('}');
        let parts = self.path.split('/').map(|part| name(part).map_or(part, &value));
        parts.collect::<Vec<_>>().join("/")
    }

    pub fn has_path_parameter(&self) -> bool {
        self.path.contains('{')
    }
}

/// All operations that the server documents.
pub async fn operations(client: &Client) -> anyhow::Result<Vec<Operation>> {
    let document: Value = client.get("/api/openapi.json").await?;
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().context("paths")? {
        for (method, about) in methods.as_object().context("methods")? {
            operations.push(operation(&document, path, method, about)?);
        }
    }
    Ok(operations)
}

fn operation(
    document: &Value,
    path: &str,
    method: &str,
    about: &Value,
) -> anyhow::Result<Operation> {
    let query = about["parameters"].as_array().into_iter().flatten();
    let query = query.filter(|parameter| parameter["in"] == "query").map(|parameter| {
        let name = parameter["name"].as_str().unwrap_or_default().to_owned();
        (name, resolve(document, &parameter["schema"]).clone())
    });
    let body = &about["requestBody"]["content"]["application/json"]["schema"];
    let security = about["security"].as_array();
    Ok(Operation {
        id: about["operationId"].as_str().context("operationId")?.to_owned(),
        method: method.to_uppercase().parse()?,
        path: path.to_owned(),
        query: query.collect(),
        body: (!body.is_null()).then(|| fields(document, body)),
        is_open: security.is_none_or(|any| any.iter().any(|one| one == &serde_json::json!({}))),
    })
}

fn fields(document: &Value, schema: &Value) -> Vec<(String, Value)> {
    let properties = resolve(document, schema)["properties"].as_object();
    let field =
        |(name, schema): (&String, &Value)| (name.clone(), resolve(document, schema).clone());
    properties.into_iter().flatten().map(field).collect()
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => document.pointer(pointer).unwrap_or(schema),
        None => schema,
    }
}
