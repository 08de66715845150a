//! The server as a process.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use tempfile::TempDir;

use crate::Client;

/// Generous for a machine that builds at the same time.
const START_TIMEOUT: Duration = Duration::from_mins(1);
const STOP_TIMEOUT: Duration = Duration::from_secs(40);

/// In the data folder of servers that tests configured.
const CONFIG_FILE: &str = "server.toml";

/// A running `melodyud-server` on a data folder of its own. Ends with the value.
pub struct ServerProcess {
    child: Child,
    url: String,
    data: Arc<TempDir>,
}

impl ServerProcess {
    /// Starts on an empty data folder and a free port, and waits until it listens.
    pub fn start() -> anyhow::Result<Self> {
        Self::start_on(Arc::new(tempfile::tempdir()?), "127.0.0.1:0")
    }

    /// Starts on a data folder that may have been used before.
    pub fn start_on(data: Arc<TempDir>, listen: &str) -> anyhow::Result<Self> {
        let child = serve(Command::new(program()?), data.path(), listen)?;
        Self::wait_for(child, data)
    }

    /// Starts on an empty data folder with a configuration file, on a port that was free just now,
    /// so that the server knows its own address.
    pub fn start_configured(config: &str) -> anyhow::Result<Self> {
        let data = Arc::new(tempfile::tempdir()?);
        fs::write(data.path().join(CONFIG_FILE), config)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let child = serve(Command::new(program()?), data.path(), &format!("127.0.0.1:{port}"))?;
        Self::wait_for(child, data)
    }

    /// Starts on an empty data folder that is a disk of its own, of `n_bytes`, which nobody but
    /// the server sees; [`ServerProcess::disk`] leads there. Needs no rights where the system
    /// lets users have namespaces.
    pub fn start_on_disk_of(n_bytes: u64) -> anyhow::Result<Self> {
        let data = Arc::new(tempfile::tempdir()?);
        let mut command = Command::new("unshare");
        command.args(namespace()?);
        let script = "mount -t tmpfs -o size=\"$1\" tmpfs \"$2\" && shift 2 && exec \"$@\"";
        command.args(["sh", "-c", script, "sh", &n_bytes.to_string()]);
        command.arg(data.path()).arg(program()?);
        let child = serve(command, data.path(), "127.0.0.1:0")?;
        Self::wait_for(child, data)
    }

    /// The data folder as the server sees it.
    pub fn disk(&self) -> PathBuf {
        let inside = self.data.path().strip_prefix("/").unwrap_or(self.data.path());
        Path::new("/proc").join(self.pid().to_string()).join("root").join(inside)
    }

    fn wait_for(mut child: Child, data: Arc<TempDir>) -> anyhow::Result<Self> {
        let stdout = child.stdout.take().context("its output is piped")?;
        let mut server = Self { child, url: String::new(), data };
        server.url = server.wait_for_url(BufReader::new(stdout))?;
        Ok(server)
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn data(&self) -> &Arc<TempDir> {
        &self.data
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(log_path(self.data.path())).unwrap_or_default()
    }

    /// A client that nobody has signed in with.
    pub fn client(&self) -> anyhow::Result<Client> {
        Client::new(&self.url)
    }

    /// Runs `melodyud-server import` on the same data folder, beside the server. Answers with
    /// what it printed.
    pub fn import(&self, music: &Path) -> anyhow::Result<String> {
        let output = Command::new(program()?)
            .arg("import")
            .arg(music)
            .arg("--data")
            .arg(self.data.path())
            .output()?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaints = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "import: {}\n{printed}{complaints}", output.status);
        Ok(printed)
    }

    /// Ends it as a power cut would (SIGKILL).
    pub fn kill(mut self) -> anyhow::Result<Arc<TempDir>> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(self.data.clone())
    }

    /// Asks it to stop (SIGTERM).
    pub fn terminate(&self) -> anyhow::Result<()> {
        let status = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status()?;
        ensure!(status.success(), "kill: {status}");
        Ok(())
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> anyhow::Result<ExitStatus> {
        let until = Instant::now() + STOP_TIMEOUT;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            ensure!(Instant::now() < until, "the server does not stop:\n{}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn wait_for_url(
        &mut self,
        stdout: BufReader<std::process::ChildStdout>,
    ) -> anyhow::Result<String> {
        let (send, receive) = std::sync::mpsc::channel();
        // Reads to the end, so that the server never waits for a full pipe.
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        let until = Instant::now() + START_TIMEOUT;
        while let Ok(line) = receive.recv_timeout(until.saturating_duration_since(Instant::now())) {
            if let Some(url) = line.strip_prefix("listening on ") {
                return Ok(url.to_owned());
            }
        }
        bail!("the server did not start:\n{}", self.log())
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server's program.
pub fn program() -> anyhow::Result<PathBuf> {
    if let Some(named) = std::env::var_os("MELODYUD_TEST_SERVER") {
        return Ok(named.into());
    }
    // target/debug/deps/test-0123 -> target/debug/melodyud-server
    let test = std::env::current_exe()?;
    let beside = test.ancestors().skip(1).take(2).map(|folder| folder.join("melodyud-server"));
    let found = beside.into_iter().find(|program| program.exists());
    found.context("there is no melodyud-server beside this test: run `cargo build -p server` first")
}

/// Arguments with which `unshare` gives this account a mount namespace of its own: as root, or
/// as a user that is root in a namespace of users.
fn namespace() -> anyhow::Result<&'static [&'static str]> {
    let ways = [&["--mount"][..], &["--mount", "--map-root-user"]];
    let mut complaint = String::new();
    for way in ways {
        // Mounting is what it is for, and what a container may still refuse.
        let script = "mount -t tmpfs tmpfs /tmp";
        let tried = Command::new("unshare").args(way).args(["sh", "-c", script]).output();
        let tried = tried.context("start unshare, of the package util-linux")?;
        if tried.status.success() {
            return Ok(way);
        }
        String::from_utf8_lossy(&tried.stderr).trim().clone_into(&mut complaint);
    }
    bail!(
        "the test of a full disk needs a mount namespace, which this system refuses ({complaint}): \
         run the tests as root, let users have namespaces (sysctl \
         kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0), or \
         give the container CAP_SYS_ADMIN"
    )
}

fn log_path(data: &Path) -> PathBuf {
    data.join("server.log")
}

fn serve(mut command: Command, data: &Path, listen: &str) -> anyhow::Result<Child> {
    let log = File::options().create(true).append(true).open(log_path(data))?;
    // As it was configured when it started first.
    let config = data.join(CONFIG_FILE);
    if config.exists() {
        command.env("MELODYUD_SERVER_CONFIG", config);
    }
    command
        .arg("serve")
        .arg("--data")
        .arg(data)
        .args(["--listen", listen])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .context("the server starts")
}
