//! The demo: music, a server, a listener, and the app. For a person on their own display
//! ([`open`]), or in a virtual one as a proof that the whole chain works ([`prove`]).

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use domain::Track;
use ipc::Playback;

use crate::{
    App, Desktop, Server,
    app::LIMIT,
    desktop::SoundOutput,
    process,
    recorder::Recorder,
    server::Listener,
    sound::{self, Stereo},
    wait,
};

/// Where the app looks for a server by itself.
const USUAL_PORT: u16 = 4600;

/// How alike recording and source must be.
const CORRELATION_MIN: f64 = 0.98;

/// How much is compared with the source.
const LENGTH_S: u32 = 12;

/// How often it may be recorded, should the machine be too busy to keep its sound server fed.
const ATTEMPTS: u32 = 3;

/// Opens the app on the user's display; ends with it.
pub async fn open(dir: &Path, music: Option<&Path>) -> Result<()> {
    let stage = Stage::set(dir, music).await?;
    let listener = Listener::demo();
    println!();
    println!("MelodyUD is open. To listen:");
    println!("  1. sign in    server   {}", stage.server.url());
    println!("                email    {}", listener.email);
    println!("                password {}", listener.password);
    println!("  2. press Ctrl+K and type a few letters, even wrong ones: tidwater");
    println!("  3. press Enter and hear it");
    println!();
    println!(
        "The API is described at {}/api/docs. Close the window to end the demo.",
        stage.server.url()
    );
    let data_dir = dir.join("app");
    let status = Command::new(process::built("melodyud")?)
        .env("MELODYUD_DATA", &data_dir)
        .env("MELODYUD_LOG", "warn")
        .status()
        .context("open the app")?;
    ensure!(status.success(), "the app ended with {status}");
    stage.server.stop()
}

/// Signs in, searches, plays and records in a virtual display; fails unless it was heard.
pub async fn prove(dir: &Path, music: Option<&Path>) -> Result<()> {
    let stage = Stage::set(dir, music).await?;
    let listener = Listener::demo();
    println!("there is no display here: the app runs in a virtual one");
    let desktop = Desktop::start(SoundOutput::NullSink).await?;
    let app_data = tempfile::tempdir()?;
    let opened = Instant::now();
    let app = App::open(&desktop, app_data.path()).await?;
    app.find("input[name=server_url]").await?;
    println!("  window usable after      {:>7.0} ms", millis(opened));

    sign_in(&app, &stage.server, &listener).await?;
    println!("  signed in as             {}", listener.email);

    let track = &stage.track;
    let query = misspelt(&track.title);
    app.press_with_ctrl('k').await?;
    app.fill("input[role=combobox]", &query).await?;
    app.find("[role=option]").await?;
    println!("  searched                 {query}");
    let recorder = Recorder::start(&desktop, "demo").await?;
    let silent = recorder.so_far()?.n_frames();
    let pressed = Instant::now();
    app.press(&[fantoccini::key::Key::Enter.into()]).await?;
    let view = app
        .wait_for_player("the music to play", |view| {
            view.playback == Playback::Playing && view.position_ms > 0
        })
        .await?;
    let latency = heard_after(&recorder, silent, pressed).await?;
    println!("  start latency            {latency:>7.0} ms from the key to the speaker");
    let playing = view.track.context("something plays")?;
    let source = Stereo::decode(&stage.source(&playing)?)?;
    let shot = dir.join("demo.png");
    app.wait_for_player("music up to the picture", |view| view.position_ms > 5_000).await?;
    app.screenshot(&shot).await?;
    let (recording, heard) = record(&desktop, &app, recorder, &source).await?;
    println!(
        "  playing                  {} by {}",
        playing.title,
        domain::music::credit(&playing.artists)
    );
    println!("  captured level           {:>7.1} dBFS", recording.level_db());
    println!("  gain against the source  {:>7.1} dB", heard.gain_db);
    println!("  correlation with source  {:>9.4} over {LENGTH_S} s", heard.correlation);
    println!("  longest silence in it    {:>7.0} ms", recording.longest_silence_ms());
    println!("  screenshot               {}", shot.display());
    ensure!(recording.level_db() > -60.0, "nothing was heard");
    ensure!(heard.correlation > CORRELATION_MIN, "what was heard is not what should play");
    drop(app);
    stage.server.stop()?;
    println!("it works: the whole chain played real sound");
    Ok(())
}

/// What is heard from the beginning of the track; from a seek to there, where the first recording
/// has a hole.
async fn record(
    desktop: &Desktop,
    app: &App,
    first: Recorder,
    source: &Stereo,
) -> Result<(Stereo, sound::Match)> {
    let mut recorder = first;
    let mut attempt = 1;
    loop {
        app.wait_for_player("the music to be recorded", |view| {
            view.position_ms > u64::from(LENGTH_S) * 1000 + 1_000
        })
        .await?;
        let recording = recorder.stop()?.from_first_sound().part(0.0, f64::from(LENGTH_S));
        let heard = sound::find(source, &recording)?;
        if heard.correlation > CORRELATION_MIN || attempt == ATTEMPTS {
            return Ok((recording, heard));
        }
        println!(
            "  recording {attempt} has a hole      {:>7.0} ms, correlation {:.4}; once more",
            recording.longest_silence_ms(),
            heard.correlation
        );
        app.ask(ipc::PlayerPause {}).await?;
        app.ask(ipc::PlayerSeek { position_ms: 0 }).await?;
        recorder = Recorder::start(desktop, &format!("demo-{attempt}")).await?;
        app.ask(ipc::PlayerResume {}).await?;
        app.wait_for_player("the beginning", |view| view.position_ms < 10_000).await?;
        attempt += 1;
    }
}

/// Signs in as a person would, by the form.
pub async fn sign_in(app: &App, server: &Server, listener: &Listener) -> Result<()> {
    app.fill("input[name=server_url]", &server.url()).await?;
    app.fill("input[name=email]", &listener.email).await?;
    app.fill("input[name=password]", &listener.password).await?;
    app.click("button[type=submit]").await?;
    wait::until("the sign-in", LIMIT, async || {
        let session = app.ask(ipc::SessionGet {}).await?;
        Ok(session.account.map(drop))
    })
    .await
    .with_context(|| app.log_tail())?;
    dismiss_passphrase(app).await
}

/// On a machine without a keyring the app offers to keep the sign-in; not now.
async fn dismiss_passphrase(app: &App) -> Result<()> {
    let session = app.ask(ipc::SessionGet {}).await?;
    if session.secrets == ipc::SecretsState::MemoryOnly {
        app.find("input[name=passphrase]").await?;
        app.click(".dialog-actions button[type=button]").await?;
        app.wait_until_gone("input[name=passphrase]").await?;
    }
    app.find(".player-bar").await.map(drop)
}

/// Milliseconds from `pressed` until the recording holds sound.
async fn heard_after(recorder: &Recorder, silent_frames: usize, pressed: Instant) -> Result<f64> {
    let at_press = silent_frames as f64;
    let frame = wait::until("sound", LIMIT, async || {
        Ok(recorder.so_far()?.first_sound().filter(|frame| *frame >= silent_frames))
    })
    .await?;
    // The recording runs in real time, so its frames are the better clock; they cannot say more
    // than has passed.
    let by_frames = (frame as f64 - at_press) * 1000.0 / f64::from(crate::desktop::SAMPLE_RATE_HZ);
    Ok(by_frames.min(millis(pressed)))
}

/// Two letters of the longest word changed places, as happens in a hurry.
fn misspelt(title: &str) -> String {
    let title = title.to_lowercase();
    let longest = title.split(' ').max_by_key(|word| word.chars().count()).unwrap_or_default();
    let mut letters: Vec<char> = longest.chars().collect();
    if letters.len() > 4 {
        let middle = letters.len() / 2;
        letters.swap(middle - 1, middle);
    }
    title.replacen(longest, &letters.into_iter().collect::<String>(), 1)
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// A server with music and a listener.
struct Stage {
    server: Server,
    /// The one to search and play.
    track: Track,
    music: PathBuf,
}

impl Stage {
    async fn set(dir: &Path, music: Option<&Path>) -> Result<Self> {
        fs::create_dir_all(dir)?;
        let music = match music {
            Some(music) => music.to_owned(),
            None => synthesised(&dir.join("music"))?,
        };
        // Other music is another library.
        let data =
            if music.starts_with(dir) { dir.join("server") } else { dir.join("server-own-music") };
        fs::create_dir_all(&data)?;
        let port = match std::net::TcpListener::bind(("127.0.0.1", USUAL_PORT)) {
            Ok(_) => USUAL_PORT,
            Err(_) => process::free_port()?,
        };
        let server = Server::start_on(port, &data, dir).await?;
        println!("server                     {}", server.url());
        let listener = Listener::demo();
        server.account_create(&listener).await?;
        println!("importing                  {}", music.display());
        print!("{}", server.import(&music)?);
        let token = server.sign_in(&listener).await?;
        let tracks = server.tracks(&token).await?;
        let is_long = |track: &Track| track.duration_ms > 20_000 && track.is_available;
        let track =
            tracks.into_iter().find(is_long).context("the import found no playable track")?;
        server.wait_until_found(&token, &track.title).await?;
        Ok(Self { server, track, music })
    }

    /// The file behind a track, by its title.
    fn source(&self, track: &Track) -> Result<PathBuf> {
        let mut pending = vec![self.music.clone()];
        while let Some(dir) = pending.pop() {
            for entry in fs::read_dir(&dir)? {
                let path = entry?.path();
                let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
                if path.is_dir() {
                    pending.push(path);
                } else if stem.is_some_and(|stem| stem.ends_with(&track.title)) {
                    return Ok(path);
                }
            }
        }
        anyhow::bail!("no file is named after the track {}", track.title)
    }
}

fn synthesised(dir: &Path) -> Result<PathBuf> {
    let started = Instant::now();
    let files = demo_music::write_catalog(dir)?;
    println!(
        "music                      {} tracks synthesised in {:.1} s",
        files.len(),
        millis(started) / 1000.0
    );
    Ok(dir.to_owned())
}
