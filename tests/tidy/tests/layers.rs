//! Who may know whom.

use std::collections::BTreeSet;

use tidy::{Crate, Findings, crates, rust, sources};

/// Crates that bring a runtime, files, sockets, clocks or global randomness.
const IMPURE: &[&str] = &[
    "axum",
    "reqwest",
    "rusqlite",
    "sqlx",
    "tokio",
    "hyper",
    "object_store",
    "tempfile",
    "getrandom",
    "tauri",
    "rodio",
    "chrono",
    "time",
];

/// What reaches for the world in a source.
const WORLD: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "std::env",
    "SystemTime",
    "Instant::now",
    "rand::rng(",
    "thread_rng",
    "tokio::",
    "Uuid::now_v7",
    "Uuid::new_v4",
];

/// What speaks HTTP or SQL in a source of the interface.
const SERVER_WORDS: &[&str] =
    &["fetch_with_", "XmlHttpRequest", "WebSocket", "/api/v1", "SELECT ", "INSERT INTO"];

/// Engines that run outside of our process.
const DISTRIBUTED: &[&str] =
    &["rdkafka", "scylla", "opensearch", "neo4rs", "iceberg", "tokio-postgres", "aws-sdk-s3"];

/// What the engines are made of; a service asks their traits.
const DRIVERS: &[&str] = &["sqlx", "rusqlite", "object_store", "tantivy"];

fn below<'a>(crates: &'a [Crate], dir: &'static str) -> impl Iterator<Item = &'a Crate> {
    crates.iter().filter(move |c| c.dir.starts_with(dir))
}

fn names<'a>(crates: &'a [Crate], dir: &'static str) -> BTreeSet<&'a str> {
    below(crates, dir).map(|c| c.name.as_str()).collect()
}

#[test]
fn shared_crates_are_pure() {
    let mut findings = Findings::default();
    let crates = crates().unwrap();
    let shared = names(&crates, "shared/");
    assert!(shared.contains("domain"), "{shared:?}");
    for c in below(&crates, "shared/") {
        for dependency in c.dependencies.iter().filter(|name| IMPURE.contains(&name.as_str())) {
            findings.add(format!("{} depends on {dependency}", c.name));
        }
        for dependency in &c.dependencies {
            let is_ours = crates.iter().any(|other| other.name == *dependency);
            if is_ours && !shared.contains(dependency.as_str()) {
                findings.add(format!("{} depends on {dependency}, which is not shared", c.name));
            }
        }
    }
    for source in rust("shared").unwrap() {
        for (number, line) in source.lines_without_tests() {
            if let Some(word) = WORLD.iter().find(|word| line.contains(**word)) {
                findings.add(format!("{}:{number} uses {word}", source.path));
            }
        }
    }
    findings.check("shared/* has no runtime, file, socket, clock or global randomness");
}

#[test]
fn services_do_not_know_each_other_or_an_implementation() {
    let mut findings = Findings::default();
    let crates = crates().unwrap();
    assert!(below(&crates, "sync-server/services/").count() >= 5);
    for c in below(&crates, "sync-server/services/") {
        let all = c.dependencies.union(&c.dev_dependencies);
        let is_foreign = |name: &&String| {
            let is_driver = DRIVERS.iter().chain(DISTRIBUTED).any(|driver| driver == name);
            name.starts_with("svc-") || *name == "server" || is_driver
        };
        for dependency in all.filter(is_foreign) {
            findings.add(format!("{} depends on {dependency}", c.name));
        }
    }
    findings.check("services meet through events, tokens and peer traits that the server wires");
}

#[test]
fn player_and_backend_meet_only_in_shared() {
    let mut findings = Findings::default();
    let crates = crates().unwrap();
    let (backend, player) = (names(&crates, "sync-server"), names(&crates, "src-tauri/"));
    let sides = [("src-tauri/", &backend), ("ui", &backend), ("sync-server", &player)];
    for (dir, other) in sides {
        for c in below(&crates, dir) {
            for dependency in c.dependencies.iter().filter(|name| other.contains(name.as_str())) {
                findings.add(format!("{} depends on {dependency}", c.name));
            }
        }
    }
    for c in crates.iter().filter(|c| c.dir.is_empty()) {
        for dependency in c.dependencies.iter().filter(|name| backend.contains(name.as_str())) {
            findings.add(format!("{} depends on {dependency}", c.name));
        }
    }
    findings.check("player and backend meet only in shared/");
}

#[test]
fn the_interface_knows_neither_http_nor_sql() {
    let mut findings = Findings::default();
    let crates = crates().unwrap();
    let ui = below(&crates, "ui").next().unwrap();
    for name in ["api", "reqwest", "gloo-net", "rusqlite", "sqlx", "commands", "local-store"] {
        if ui.dependencies.contains(name) {
            findings.add(format!("ui depends on {name}"));
        }
    }
    for source in sources("ui").unwrap() {
        for (number, line) in source.lines_without_tests() {
            if let Some(word) = SERVER_WORDS.iter().find(|word| line.contains(**word)) {
                findings.add(format!("{}:{number} uses {word}", source.path));
            }
            let talks = line.contains("__TAURI") || line.contains("invoke_raw");
            if talks && source.path != "ui/src/ipc.rs" {
                findings.add(format!(
                    "{}:{number}: only ui/src/ipc.rs talks to the shell",
                    source.path
                ));
            }
        }
    }
    findings.check("nothing in ui/ knows HTTP or SQL");
}

#[test]
fn the_default_build_has_no_distributed_driver() {
    let mut findings = Findings::default();
    for c in crates().unwrap() {
        let dependencies = c.manifest.get("dependencies").and_then(toml::Value::as_table);
        for (name, how) in dependencies.into_iter().flatten() {
            let is_optional = how.get("optional").and_then(toml::Value::as_bool) == Some(true);
            if DISTRIBUTED.contains(&name.as_str()) && !is_optional {
                findings.add(format!("{} always pulls in {name}", c.name));
            }
        }
        let features = c.manifest.get("features").and_then(|features| features.get("default"));
        let features = features.and_then(toml::Value::as_array);
        for feature in features.into_iter().flatten().filter_map(toml::Value::as_str) {
            if ["postgres", "s3", "kafka", "cql", "opensearch"].contains(&feature) {
                findings.add(format!("{} switches {feature} on by default", c.name));
            }
        }
    }
    findings.check("distributed drivers are cargo features that are off by default");
}
