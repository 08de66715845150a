//! The schema of what was written, in the words of JSON Schema, draft 2020-12.

use std::collections::{BTreeMap, BTreeSet};

use domain::subject::Holding;
use serde_json::{Map, Value, json};

use super::Row;

/// What the rows of a table have in them.
#[derive(Default)]
pub struct Columns {
    pub n_rows: u64,
    /// The types that were met, by column.
    types: BTreeMap<String, BTreeSet<&'static str>>,
}

impl Columns {
    pub fn take(&mut self, row: &Row) {
        self.n_rows += 1;
        for (column, value) in row {
            let met = match value {
                Value::Null => "null",
                Value::Bool(_) => "boolean",
                Value::Number(number) if number.is_f64() => "number",
                Value::Number(_) => "integer",
                Value::String(_) => "string",
                Value::Array(_) => "array",
                Value::Object(_) => "object",
            };
            if let Some(types) = self.types.get_mut(column) {
                types.insert(met);
            } else {
                self.types.insert(column.clone(), BTreeSet::from([met]));
            }
        }
    }

    /// The schema of the table's file.
    pub fn schema(&self, service: &str, holding: &Holding) -> Value {
        let columns: Map<String, Value> = self
            .types
            .iter()
            .map(|(name, types)| (name.clone(), json!({ "type": types })))
            .collect();
        json!({
            "title": holding.what,
            "description": holding.why,
            "type": "object",
            "required": ["service", "table", "rows"],
            "additionalProperties": false,
            "properties": {
                "service": { "const": service },
                "table": { "const": holding.table },
                "rows": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": columns,
                        "additionalProperties": false,
                    },
                },
            },
        })
    }
}

/// The schema of the manifest.
pub fn manifest_schema(format: &str, version: u32) -> Value {
    let text = json!({ "type": "string" });
    let number = json!({ "type": "integer", "minimum": 0 });
    let object = |properties: Value| {
        let required: Vec<&String> =
            properties.as_object().into_iter().flat_map(Map::keys).collect();
        json!({
            "type": "object",
            "required": required,
            "additionalProperties": false,
            "properties": properties,
        })
    };
    let table = object(json!({
        "service": text, "table": text, "path": text, "what": text, "why": text, "kept": text,
        "n_rows": number,
    }));
    let file = object(json!({ "service": text, "path": text, "size_bytes": number }));
    object(json!({
        "format": { "const": format },
        "version": { "const": version },
        "export": { "type": "string", "format": "uuid" },
        "account": { "type": "string", "format": "uuid" },
        "made_at_us": { "type": "integer" },
        "tables": { "type": "array", "items": table },
        "files": { "type": "array", "items": file },
    }))
}

/// One schema that each of the JSON files keeps to.
pub fn schema(of_files: Vec<(String, Value)>) -> Value {
    let each: Vec<Value> =
        of_files.iter().map(|(name, _)| json!({ "$ref": format!("#/$defs/{name}") })).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An export of all that MelodyUD holds about a person",
        "oneOf": each,
        "$defs": of_files.into_iter().collect::<Map<_, _>>(),
    })
}
