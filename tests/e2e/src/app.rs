//! The player's real window, driven through WebDriver as a person would use it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};
use fantoccini::{
    Client, ClientBuilder, Locator,
    actions::{InputSource, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions, PointerAction},
    elements::Element,
    error::{CmdError, ErrorStatus},
    key::Key,
};
use hyper_util::client::legacy::connect::HttpConnector;
use ipc::{Call, PlayerView};
use serde_json::{Value, json};

use crate::{
    desktop::Desktop,
    process::{self, Process},
    wait,
};

/// How long the window may take to react to anything.
pub const LIMIT: Duration = Duration::from_mins(1);

/// A running app.
pub struct App {
    client: Client,
    driver: Option<Process>,
    /// The bus on which it can be asked to quit.
    bus: Vec<(String, String)>,
}

impl App {
    /// Opens the window on this desktop with this device's data.
    pub async fn open(desktop: &Desktop, data_dir: &Path) -> Result<Self> {
        let (port, native_port) = (process::free_port()?, process::free_port()?);
        let mut command = Command::new(process::tauri_driver()?);
        desktop
            .dress(&mut command)
            .args(["--port", &port.to_string(), "--native-port", &native_port.to_string()])
            .env("MELODYUD_DATA", data_dir);
        let mut driver = Process::start("app", &mut command, desktop.dir())?;
        let mut capabilities = serde_json::Map::new();
        let application = json!({ "application": process::built("melodyud")? });
        capabilities.insert("tauri:options".into(), application);
        let url = format!("http://127.0.0.1:{port}");
        let connected = wait::until("the app's window", LIMIT, async || {
            driver.check_alive()?;
            let mut builder = ClientBuilder::new(HttpConnector::new());
            let connecting = builder.capabilities(capabilities.clone()).connect(&url);
            // The driver waits for ever for an app that has ended.
            let connected = tokio::time::timeout(LIMIT, connecting).await;
            Ok(Some(connected.context("the app does not open")??))
        })
        .await;
        let client = connected.with_context(|| driver.log_tail())?;
        let bus = Command::new("env");
        let mut bus = bus;
        let bus = desktop
            .dress(&mut bus)
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_str()?.into(), value?.to_str()?.into())))
            .collect();
        Ok(Self { client, driver: Some(driver), bus })
    }

    /// The app's process and all that it started.
    pub fn processes(&self) -> Result<Vec<u32>> {
        let app = app_process(self.driver.as_ref().context("the app runs")?.id())?;
        Ok(std::iter::once(app).chain(descendants(app)).collect())
    }

    /// The last lines of the app's log.
    pub fn log_tail(&self) -> String {
        self.driver.as_ref().map(Process::log_tail).unwrap_or_default()
    }

    /// Asks the shell directly; for looking, not for acting.
    pub async fn ask<C: Call>(&self, call: C) -> Result<C::Reply> {
        let script = "const [name, args, done] = arguments;\
            window.__TAURI_INTERNALS__.invoke(name, { args }).then(\
            reply => done({ reply }), fault => done({ fault }));";
        let arguments = vec![C::NAME.into(), serde_json::to_value(&call)?];
        let answer = self.client.execute_async(script, arguments).await?;
        if let Some(fault) = answer.get("fault") {
            bail!("{} answered {fault}", C::NAME);
        }
        let reply = answer.get("reply").cloned().unwrap_or(Value::Null);
        serde_json::from_value(reply).with_context(|| format!("the reply of {}", C::NAME))
    }

    pub async fn player(&self) -> Result<PlayerView> {
        self.ask(ipc::PlayerGet {}).await
    }

    /// Waits until the player is as asked for.
    pub async fn wait_for_player(
        &self,
        what: &str,
        is_so: impl Fn(&PlayerView) -> bool,
    ) -> Result<PlayerView> {
        let waited = wait::until(what, LIMIT, async || {
            let view = self.player().await?;
            Ok(is_so(&view).then_some(view))
        })
        .await;
        match waited {
            Ok(view) => Ok(view),
            Err(error) => Err(error.context(format!(
                "the player: {:?}\n{}",
                self.player().await.map(|view| (view.playback, view.position_ms)),
                self.log_tail()
            ))),
        }
    }

    /// Waits for an element that can be seen.
    pub async fn find(&self, css: &str) -> Result<Element> {
        wait::until(&format!("{css} in the window"), LIMIT, async || {
            for element in self.client.find_all(Locator::Css(css)).await? {
                if element.is_displayed().await? {
                    return Ok(Some(element));
                }
            }
            Ok(None)
        })
        .await
        .with_context(|| format!("log:\n{}", self.log_tail()))
    }

    /// Waits until no such element is there.
    pub async fn wait_until_gone(&self, css: &str) -> Result<()> {
        wait::until(&format!("{css} to go"), LIMIT, async || {
            Ok(self.client.find_all(Locator::Css(css)).await?.is_empty().then_some(()))
        })
        .await
    }

    /// Scrolls to the element and clicks once nothing covers it: what floats goes by itself.
    pub async fn click(&self, css: &str) -> Result<()> {
        let what = format!("{css} to be free");
        let clicked = wait::until(&what, LIMIT, async || {
            let element = self.find(css).await?;
            // The driver scrolls to what is outside of the window, not to what a part of it hides.
            let script = "arguments[0].scrollIntoView({ block: 'nearest' })";
            self.client.execute(script, vec![serde_json::to_value(&element)?]).await?;
            match element.click().await {
                Err(CmdError::Standard(error))
                    if error.error == ErrorStatus::ElementClickIntercepted =>
                {
                    Ok(None)
                }
                clicked => Ok(Some(clicked)),
            }
        });
        clicked.await?.with_context(|| format!("click {css}"))
    }

    pub async fn double_click(&self, css: &str) -> Result<()> {
        let element = self.find(css).await?;
        let to = PointerAction::MoveToElement { element, duration: None, x: 0.0, y: 0.0 };
        let down = || PointerAction::Down { button: MOUSE_BUTTON_LEFT };
        let up = || PointerAction::Up { button: MOUSE_BUTTON_LEFT };
        let clicks = [to, down(), up(), down(), up()];
        let mouse = clicks.into_iter().fold(MouseActions::new("mouse".into()), InputSource::then);
        Ok(self.client.perform_actions(mouse).await?)
    }

    /// Replaces what is in a field.
    pub async fn fill(&self, css: &str, text: &str) -> Result<()> {
        let field = self.find(css).await?;
        field.clear().await?;
        field.send_keys(text).await?;
        Ok(())
    }

    /// Presses keys together, such as Ctrl and K.
    pub async fn press(&self, keys: &[char]) -> Result<()> {
        let down = keys.iter().map(|key| KeyAction::Down { value: *key });
        let up = keys.iter().rev().map(|key| KeyAction::Up { value: *key });
        let keyboard = down.chain(up).fold(KeyActions::new("keys".into()), InputSource::then);
        Ok(self.client.perform_actions(keyboard).await?)
    }

    /// Ctrl with a key.
    pub async fn press_with_ctrl(&self, key: char) -> Result<()> {
        self.press(&[Key::Control.into(), key]).await
    }

    /// Goes where a link inside the app would lead.
    pub async fn go(&self, path: &str) -> Result<()> {
        // A place of its own in the history: another one's would be scrolled to where it was left.
        let script = "const state = (history.state ?? 0) + 1;\
            history.pushState(state, '', arguments[0]);\
            window.dispatchEvent(new PopStateEvent('popstate', { state }));\
            document.getElementById('main')?.scrollTo(0, 0);";
        self.client.execute(script, vec![path.into()]).await?;
        Ok(())
    }

    pub async fn resize(&self, width: u32, height: u32) -> Result<()> {
        self.client.set_window_rect(0, 0, width, height).await?;
        Ok(())
    }

    /// Runs a script in the page.
    pub async fn run(&self, script: &str) -> Result<Value> {
        Ok(self.client.execute(script, Vec::new()).await?)
    }

    /// Saves what the window shows.
    pub async fn screenshot(&self, path: &Path) -> Result<()> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, self.client.screenshot().await?)?;
        Ok(())
    }

    /// Quits as the desktop's own controls would, and waits for the end.
    pub async fn quit(mut self) -> Result<()> {
        let driver = self.driver.take().context("the app runs")?;
        let app = app_process(driver.id())?;
        let mut quit = Command::new("dbus-send");
        quit.args(["--session", "--print-reply", "--dest=org.mpris.MediaPlayer2.melodyud"])
            .args(["/org/mpris/MediaPlayer2", "org.mpris.MediaPlayer2.Quit"])
            .envs(self.bus.iter().map(|(name, value)| (name, value)));
        process::run(&mut quit).context("ask the app to quit over MPRIS")?;
        wait::until("the app to quit", LIMIT, async || Ok((!is_alive(app)).then_some(()))).await?;
        // The session went with the app; the driver only has to be ended.
        end(driver);
        Ok(())
    }

    /// Ends the app as a crash would.
    pub async fn crash(mut self) -> Result<()> {
        let driver = self.driver.take().context("the app runs")?;
        let app = app_process(driver.id())?;
        process::run(Command::new("kill").arg("-KILL").arg(app.to_string()))?;
        wait::until("the app to be gone", LIMIT, async || Ok((!is_alive(app)).then_some(())))
            .await?;
        end(driver);
        Ok(())
    }
}

impl Drop for App {
    fn drop(&mut self) {
        if let Some(driver) = self.driver.take() {
            end(driver);
        }
    }
}

/// Ends the driver with everything it started.
fn end(driver: Process) {
    let started = descendants(driver.id());
    drop(driver);
    for id in started.into_iter().filter(|id| is_alive(*id)) {
        // Gone in the meantime is what we want.
        let _ = process::run(Command::new("kill").arg("-KILL").arg(id.to_string()));
    }
}

/// The app among what the driver started.
fn app_process(driver: u32) -> Result<u32> {
    let is_app = |id: &u32| {
        fs::read_link(format!("/proc/{id}/exe"))
            .is_ok_and(|exe: PathBuf| exe.file_name().is_some_and(|name| name == "melodyud"))
    };
    descendants(driver).into_iter().find(is_app).ok_or_else(|| anyhow!("the app does not run"))
}

fn descendants(parent: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
    let children: Vec<u32> =
        children.unwrap_or_default().split_whitespace().filter_map(|id| id.parse().ok()).collect();
    children.iter().flat_map(|child| std::iter::once(*child).chain(descendants(*child))).collect()
}

fn is_alive(id: u32) -> bool {
    // A zombie has ended; only its parent has not looked yet.
    fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}
