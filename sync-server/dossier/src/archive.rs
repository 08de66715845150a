//! The ZIP of an export, written in one go from front to back: a JSON file per table, the files,
//! a schema that the JSON files keep to, and a page for people.

mod columns;
mod page;

use std::io::Write;

use domain::{AccountId, ids::ExportId, subject::Holding};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Map, Value, json};
use zip::{
    CompressionMethod, DateTime, ZipWriter,
    write::{SimpleFileOptions, StreamWriter},
};

use self::{columns::Columns, page::Page};
use crate::Error;

/// What the manifest says the archive is.
const FORMAT: &str = "melodyud-export";

/// Raised when an old reader would take a file for something else.
const VERSION: u32 = 1;

const README: &str = include_str!("archive/README.txt");

/// A row by its columns: numbers, text, null, and bytes in Base64.
pub type Row = Map<String, Value>;

/// Which export it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct About {
    pub id: ExportId,
    pub account: AccountId,
    pub made_at_us: i64,
}

/// An archive being written.
pub struct Archive<W: Write> {
    about: About,
    zip: ZipWriter<StreamWriter<W>>,
    options: SimpleFileOptions,
    page: Page,
    tables: Vec<Value>,
    files: Vec<Value>,
    /// Schemas, by the name they have among `$defs`.
    schemas: Vec<(String, Value)>,
    table: Option<Table>,
}

/// The table being written.
struct Table {
    service: &'static str,
    holding: &'static Holding,
    columns: Columns,
}

impl<W: Write> Archive<W> {
    pub fn begin(writer: W, about: About) -> Result<Self, Error> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(zip_time(about.made_at_us))
            .large_file(true)
            .unix_permissions(0o600);
        let mut archive = Self {
            about,
            zip: ZipWriter::new_stream(writer),
            options,
            page: Page::default(),
            tables: Vec::new(),
            files: Vec::new(),
            schemas: Vec::new(),
            table: None,
        };
        archive.put("README.txt", README.as_bytes())?;
        Ok(archive)
    }

    /// Begins the file of a table; its rows follow.
    pub fn table_begin(
        &mut self,
        service: &'static str,
        holding: &'static Holding,
    ) -> Result<(), Error> {
        self.zip.start_file(table_path(service, holding), self.options)?;
        let head = json!({ "service": service, "table": holding.table }).to_string();
        let head = head.trim_end_matches('}');
        self.write(format!("{head},\"rows\":[").as_bytes())?;
        self.page.table_begin(service, holding);
        self.table = Some(Table { service, holding, columns: Columns::default() });
        Ok(())
    }

    /// Rows of the table that was begun.
    pub fn rows(&mut self, rows: &[Row]) -> Result<(), Error> {
        let Some(table) = &mut self.table else { return Ok(()) };
        let mut text = String::new();
        for row in rows {
            text += if table.columns.n_rows == 0 { "\n" } else { ",\n" };
            text += &serde_json::to_string(row).expect("numbers and texts always serialise");
            table.columns.take(row);
        }
        self.page.rows(rows);
        self.write(text.as_bytes())
    }

    /// Ends the file of the table that was begun.
    pub fn table_end(&mut self) -> Result<(), Error> {
        let Some(Table { service, holding, columns }) = self.table.take() else { return Ok(()) };
        self.write(b"\n]}\n")?;
        self.page.table_end(columns.n_rows);
        self.schemas
            .push((format!("{service}.{}", holding.table), columns.schema(service, holding)));
        self.tables.push(json!({
            "service": service,
            "table": holding.table,
            "path": table_path(service, holding),
            "what": holding.what,
            "why": holding.why,
            "kept": holding.kept,
            "n_rows": columns.n_rows,
        }));
        Ok(())
    }

    pub fn file(&mut self, service: &'static str, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = format!("files/{service}/{}-{}", self.files.len(), plain(name));
        self.put(&path, bytes)?;
        self.page.file(&path, bytes.len());
        self.files.push(json!({
            "service": service,
            "path": path,
            "size_bytes": bytes.len(),
        }));
        Ok(())
    }

    /// Writes what is about the whole. Answers with what it wrote to.
    pub fn finish(mut self) -> Result<W, Error> {
        let About { id, account, made_at_us } = self.about;
        let manifest = json!({
            "format": FORMAT,
            "version": VERSION,
            "export": id,
            "account": account,
            "made_at_us": made_at_us,
            "tables": self.tables,
            "files": self.files,
        });
        self.put("export.json", pretty(&manifest).as_bytes())?;
        let mut schemas = std::mem::take(&mut self.schemas);
        schemas.push(("export".to_owned(), columns::manifest_schema(FORMAT, VERSION)));
        self.put("schema.json", pretty(&columns::schema(schemas)).as_bytes())?;
        let page = std::mem::take(&mut self.page).html(&self.about);
        self.put("index.html", page.as_bytes())?;
        Ok(self.zip.finish()?.into_inner())
    }

    fn put(&mut self, path: &str, bytes: &[u8]) -> Result<(), Error> {
        self.zip.start_file(path, self.options)?;
        self.write(bytes)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.zip.write_all(bytes).map_err(Error::file("write"))
    }
}

fn table_path(service: &str, holding: &Holding) -> String {
    format!("data/{service}/{}.json", holding.table)
}

/// A name that leads nowhere else, on any system.
fn plain(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let name: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let from = name.len().saturating_sub(100);
    name[from..].to_owned()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("numbers and texts always serialise") + "\n"
}

/// Such as `2026-11-26 03:00:00`, in UTC.
fn text(at_us: i64) -> Option<String> {
    let at = Timestamp::from_microsecond(at_us).ok()?.to_zoned_datetime(TimeZone::UTC);
    Some(at.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// As ZIP files tell it, in steps of two seconds; 1980 where they cannot.
fn zip_time(at_us: i64) -> DateTime {
    let digits = text(at_us).unwrap_or_default();
    let number = |from: usize, to: usize| digits.get(from..to)?.parse::<u16>().ok();
    let small = |from: usize, to: usize| number(from, to)?.try_into().ok();
    let time = || {
        let (year, month, day) = (number(0, 4)?, small(5, 7)?, small(8, 10)?);
        let (hour, minute, second) = (small(11, 13)?, small(14, 16)?, small(17, 19)?);
        DateTime::from_date_and_time(year, month, day, hour, minute, second).ok()
    };
    time().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_lead_nowhere() {
        assert_eq!(plain("../../etc/passwd"), ".._.._etc_passwd");
        assert_eq!(plain("a\\b:c\0.png"), "a_b_c_.png");
        assert_eq!(plain(&"é".repeat(300)).len(), 100);
    }

    #[test]
    fn times_are_written_for_people() {
        assert_eq!(text(1_764_126_245_000_000).unwrap(), "2025-11-26 03:04:05");
        assert_eq!(text(i64::MAX), None);
        assert_eq!(zip_time(1_764_126_245_000_000).minute(), 4);
        assert_eq!(zip_time(i64::MAX), DateTime::default());
    }
}
