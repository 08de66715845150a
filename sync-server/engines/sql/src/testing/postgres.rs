//! A real PostgreSQL for tests, started once per test process from the system's package.
//!
//! It listens on a socket in its own temporary folder only. A small shell waits at a pipe whose
//! other end this process holds: however the process ends, the pipe closes, and the shell stops
//! the server and removes the folder.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _};

/// Generous for a machine that builds at the same time.
const START_TIMEOUT: Duration = Duration::from_mins(1);

const WATCHER: &str = r#"read -r _; kill -INT "$1" 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$1" 2>/dev/null || break; sleep 0.2; done
kill -KILL "$1" 2>/dev/null; rm -rf "$2""#;

struct Server {
    folder: PathBuf,
    /// Holds the pipe open.
    _watcher: Child,
}

/// Makes an empty database and answers with its URL.
pub async fn create_database() -> String {
    static SERVER: OnceLock<Server> = OnceLock::new();
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let server =
        tokio::task::spawn_blocking(|| SERVER.get_or_init(start)).await.expect("PostgreSQL starts");
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let mut admin = connect(&url(&server.folder, "postgres")).await;
    admin
        .execute(AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE template0")))
        .await
        .expect("an empty database");
    url(&server.folder, &name)
}

fn url(folder: &Path, database: &str) -> String {
    format!("postgres://postgres@localhost/{database}?host={}", folder.display())
}

/// Right after its start the server may still refuse.
async fn connect(url: &str) -> AnyConnection {
    sqlx::any::install_default_drivers();
    let until = Instant::now() + START_TIMEOUT;
    loop {
        match AnyConnection::connect(url).await {
            Ok(connection) => return connection,
            Err(error) if Instant::now() > until => panic!("PostgreSQL does not answer: {error}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

fn start() -> Server {
    let programs = programs();
    // Short: the path of a socket has about a hundred bytes at most.
    let folder = tempfile::Builder::new()
        .prefix("mud-pg-")
        .tempdir_in("/tmp")
        .expect("a temporary folder")
        .keep();
    let is_root = fs::read_dir("/root").is_ok();
    if is_root {
        run(Command::new("chown").arg("postgres:").arg(&folder));
    }
    let data = folder.join("data");
    run(as_postgres(is_root, &programs.join("initdb"))
        .args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C"])
        .args(["--no-sync", "--no-instructions", "--pgdata"])
        .arg(&data)
        .stdout(Stdio::null()));
    let log = fs::File::create(folder.join("log")).expect("a log file");
    let server = as_postgres(is_root, &programs.join("postgres"))
        .arg("-D")
        .arg(&data)
        .arg("-k")
        .arg(&folder)
        .args(["-c", "listen_addresses=", "-c", "max_connections=300"])
        // Speed over safety: the data is gone with the test.
        .args(["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off"])
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a second handle on the log"))
        .stderr(log)
        .spawn()
        .expect("PostgreSQL starts");
    let watcher = Command::new("sh")
        .args(["-c", WATCHER, "sh", &server.id().to_string()])
        .arg(&folder)
        .stdin(Stdio::piped())
        .spawn()
        .expect("a shell to stop PostgreSQL at the end");
    wait_for_socket(&folder, server);
    Server { folder, _watcher: watcher }
}

fn wait_for_socket(folder: &Path, mut server: Child) {
    let until = Instant::now() + START_TIMEOUT;
    while !folder.join(".s.PGSQL.5432").exists() {
        let ended = server.try_wait().expect("the state of PostgreSQL");
        assert!(
            ended.is_none() && Instant::now() < until,
            "PostgreSQL did not start: {}",
            fs::read_to_string(folder.join("log")).unwrap_or_default()
        );
        thread::sleep(Duration::from_millis(20));
    }
}

/// The newest version installed.
fn programs() -> PathBuf {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
        .map(|(version, path)| (version, path.join("bin")))
        .filter(|(_, path)| path.join("initdb").exists())
        .collect();
    found.sort();
    let (_, path) = found.pop().expect(
        "the store tests need PostgreSQL: `cargo xtask setup` installs it, or \
         `apt-get install postgresql`",
    );
    path
}

/// PostgreSQL refuses to run as root; its package made a user for it.
fn as_postgres(is_root: bool, program: &Path) -> Command {
    if !is_root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command
}

fn run(command: &mut Command) {
    let status = command.status().expect("a system program starts");
    assert!(status.success(), "{command:?}: {status}");
}
