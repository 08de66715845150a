//! The page of an export, for people: one file that needs nothing from elsewhere.

use std::fmt::Write as _;

use domain::subject::Holding;
use serde_json::Value;

use super::{About, Row, table_path, text};

/// Rows of a table that are shown; all of them are in its JSON file.
const ROWS_MAX: usize = 100;

/// Of a cell, in characters.
const CELL_CHARS_MAX: usize = 200;

const STYLE: &str = "
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
section { margin: 2.5rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; }
dt { opacity: .7; } dd { margin: 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .875rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0;
    border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
";

/// The page as far as it is written.
#[derive(Default)]
pub struct Page {
    body: String,
    files: String,
    n_shown: usize,
}

impl Page {
    pub fn table_begin(&mut self, service: &str, holding: &Holding) {
        let path = table_path(service, holding);
        self.n_shown = 0;
        self.put(format_args!(
            "<section><h2>{}</h2><dl><dt>Why</dt><dd>{}</dd><dt>Kept</dt><dd>{}</dd>\
             <dt>Data</dt><dd><a href=\"{path}\">{path}</a></dd></dl><div class=\"wide\">",
            Escaped(holding.what),
            Escaped(holding.why),
            Escaped(holding.kept),
        ));
    }

    pub fn rows(&mut self, rows: &[Row]) {
        for row in rows.iter().take(ROWS_MAX - self.n_shown) {
            if self.n_shown == 0 {
                self.body += "<table><thead><tr>";
                for column in row.keys() {
                    self.put(format_args!("<th scope=\"col\">{}</th>", Escaped(column)));
                }
                self.body += "</tr></thead><tbody>";
            }
            self.body += "<tr>";
            for (column, value) in row {
                self.put(format_args!("<td>{}</td>", Escaped(&cell(column, value))));
            }
            self.body += "</tr>";
            self.n_shown += 1;
        }
    }

    pub fn table_end(&mut self, n_rows: u64) {
        self.body += if self.n_shown == 0 { "<p>Nothing.</p>" } else { "</tbody></table>" };
        if n_rows > self.n_shown as u64 {
            let n_shown = self.n_shown;
            self.put(format_args!("<p>The first {n_shown} of {n_rows}; the data has all.</p>"));
        }
        self.body += "</div></section>\n";
    }

    pub fn file(&mut self, path: &str, n_bytes: usize) {
        write!(self.files, "<li><a href=\"{path}\">{path}</a>, {n_bytes} bytes</li>")
            .expect("writing to a String cannot fail");
    }

    pub fn html(self, about: &About) -> String {
        let Self { body, files, .. } = self;
        let made = text(about.made_at_us).unwrap_or_default();
        let files = if files.is_empty() {
            String::new()
        } else {
            format!("<section><h2>Files</h2><ul>{files}</ul></section>\n")
        };
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\">\
             <meta http-equiv=\"content-security-policy\" \
             content=\"default-src 'none'; style-src 'unsafe-inline'\">\
             <title>Your data</title><style>{STYLE}</style></head><body>\n\
             <h1>Your data</h1><p>All that is held about the account {} as of {made} UTC.</p>\n\
             {body}{files}</body></html>\n",
            about.account
        )
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        self.body.write_fmt(text).expect("writing to a String cannot fail");
    }
}

/// Times are written as such.
fn cell(column: &str, value: &Value) -> String {
    let time = value.as_i64().filter(|_| column.ends_with("_us")).and_then(text);
    let text = match (time, value) {
        (Some(time), _) => time,
        (None, Value::Null) => String::new(),
        (None, Value::String(text)) => text.clone(),
        (None, other) => other.to_string(),
    };
    if text.chars().count() <= CELL_CHARS_MAX {
        return text;
    }
    text.chars().take(CELL_CHARS_MAX).chain(['…']).collect()
}

/// What people typed stays text.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_people_typed_stays_text_and_times_are_told() {
        assert_eq!(Escaped("<b a='\"'>&").to_string(), "&lt;b a=&#39;&quot;&#39;&gt;&amp;");
        assert_eq!(cell("used_at_us", &json!(0)), "1970-01-01 00:00:00");
        assert_eq!(cell("n", &json!(0)), "0");
        assert_eq!(cell("n", &Value::Null), "");
        assert_eq!(cell("name", &json!("é".repeat(300))).chars().count(), CELL_CHARS_MAX + 1);
    }
}
