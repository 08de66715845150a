//! The demo: music, a server, a listener, and the app. For a person on their own display
//! ([`open`]), or in a virtual one as a proof that the whole chain works ([`prove`]).

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use domain::Track;
use fantoccini::key::Key;
use ipc::{Playback, TopKind};
use tokio::process::Command;

use crate::{
    App, Desktop, Server,
    app::LIMIT,
    desktop::{SAMPLE_RATE_HZ, SoundOutput},
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

/// How much is compared with the source, of a track that is long enough.
const LENGTH_S: u32 = 12;

/// What a track needs beyond that: time for a picture, and for the recording to end before it.
const MARGIN_S: u32 = 3;

/// The shortest track that will do.
const SHORTEST_S: u32 = 10;

/// How much of the source is decoded: enough for a long silence at its beginning.
const DECODED_S: u32 = 60;

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
        .kill_on_drop(true)
        .status()
        .await
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

    let query = stage.query().await?;
    search(&app, &query).await?;
    println!("  searched                 {query}");
    let recorder = Recorder::start(&desktop, "demo").await?;
    let silent = recorder.so_far()?.n_frames();
    let pressed = Instant::now();
    app.press(&[Key::Enter.into()]).await?;
    let view = app
        .wait_for_player("the music to play", |view| {
            view.playback == Playback::Playing && view.position_ms > 0
        })
        .await?;
    let heard_ms = heard_after(&recorder, silent, pressed).await?;
    let playing = view.track.context("something plays")?;
    let source = stage.source(&playing).await?;
    let silence_ms = source.first_sound().map_or(0.0, to_ms);
    let latency_ms = (heard_ms - silence_ms).max(0.0);
    println!("  start latency            {latency_ms:>7.0} ms from the key to the speaker");
    let shot = dir.join("demo.png");
    app.wait_for_player("music up to the picture", |view| view.position_ms > 5_000).await?;
    app.screenshot(&shot).await?;
    let length_s = compared_s(&playing);
    let (recording, heard) = record(&desktop, &app, recorder, &source, length_s).await?;
    println!(
        "  playing                  {} by {}",
        playing.title,
        domain::music::credit(&playing.artists)
    );
    println!("  captured level           {:>7.1} dBFS", recording.level_db());
    println!("  gain against the source  {:>7.1} dB", heard.gain_db);
    println!("  correlation with source  {:>9.4} over {length_s} s", heard.correlation);
    println!("  longest silence in it    {:>7.0} ms", recording.longest_silence_ms());
    println!("  screenshot               {}", shot.display());
    ensure!(recording.level_db() > -60.0, "nothing was heard");
    ensure!(heard.correlation > CORRELATION_MIN, "what was heard is not what should play");
    drop(app);
    stage.server.stop()?;
    println!("it works: the whole chain played real sound");
    Ok(())
}

/// Types into the search dialog and moves to the first track that is found: what stands above it
/// may be an artist or a release of that name.
async fn search(app: &App, query: &str) -> Result<()> {
    app.press_with_ctrl('k').await?;
    app.fill("input[role=combobox]", query).await?;
    let found = app.ask(ipc::Search { query: query.to_owned(), limit: 8 }).await?;
    let track = found.tracks.first().with_context(|| format!("nothing is found for {query}"))?;
    let idx = usize::from(found.top != Some(TopKind::Track));
    // The list follows the letters as they are typed.
    let shown =
        format!("return document.querySelector('#choice-{idx} .track-name')?.textContent ?? null;");
    wait::until("the track in the list", LIMIT, async || {
        Ok((app.run(&shown).await? == track.item.title.as_str()).then_some(()))
    })
    .await?;
    for _ in 0..idx {
        app.press(&[Key::Down.into()]).await?;
    }
    app.find(&format!("#choice-{idx}[aria-selected=true]")).await.map(drop)
}

/// What is heard from the beginning of the track; from a seek to there, where the first recording
/// has a hole.
async fn record(
    desktop: &Desktop,
    app: &App,
    first: Recorder,
    source: &Stereo,
    length_s: u32,
) -> Result<(Stereo, sound::Match)> {
    let mut recorder = first;
    let mut attempt = 1;
    loop {
        app.wait_for_player("the music to be recorded", |view| {
            view.position_ms > u64::from(length_s) * 1000 + 1_000
        })
        .await?;
        let recording = recorder.stop()?.from_first_sound().part(0.0, f64::from(length_s));
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
        app.wait_for_player("the beginning", |view| view.position_ms < 5_000).await?;
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
    let frame = wait::until("sound", LIMIT, async || {
        Ok(recorder.so_far()?.first_sound().filter(|frame| *frame >= silent_frames))
    })
    .await?;
    // The recording runs in real time, so its frames are the better clock; they cannot say more
    // than has passed.
    Ok(to_ms(frame - silent_frames).min(millis(pressed)))
}

fn to_ms(n_frames: usize) -> f64 {
    n_frames as f64 * 1000.0 / f64::from(SAMPLE_RATE_HZ)
}

/// How much of a track can be compared with its source.
fn compared_s(track: &Track) -> u32 {
    let whole_s = u32::try_from(track.duration_ms / 1000).unwrap_or(u32::MAX);
    LENGTH_S.min(whole_s.saturating_sub(MARGIN_S))
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
    token: String,
    /// The one to search and play.
    track: Track,
}

impl Stage {
    async fn set(dir: &Path, music: Option<&Path>) -> Result<Self> {
        fs::create_dir_all(dir)?;
        // Other music is another library.
        let (music, data) = match music {
            Some(music) => (music.to_owned(), dir.join(format!("server-{:016x}", hash(music)))),
            None => (synthesised(&dir.join("music"))?, dir.join("server")),
        };
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
        print!("{}", server.import(&music).await?);
        let token = server.sign_in(&listener).await?;
        let tracks = server.tracks(&token).await?;
        let n_tracks = tracks.len();
        let track = best(tracks).with_context(|| {
            format!(
                "none of the {n_tracks} tracks in {} can be played for {SHORTEST_S} s: the demo \
                 needs one to listen to",
                music.display()
            )
        })?;
        server.wait_until_found(&token, &track.title).await?;
        Ok(Self { server, token, track })
    }

    /// What to type to find the track: its title with a slip, where that is clear enough.
    async fn query(&self) -> Result<String> {
        let query = misspelt(&self.track.title);
        let hit = self.server.first_hit(&self.token, &query).await?;
        let is_clear = hit.is_some_and(|hit| hit.id == self.track.id);
        Ok(if is_clear { query } else { self.track.title.clone() })
    }

    /// What a track sounds like, from the bytes that the player gets.
    async fn source(&self, track: &Track) -> Result<Stereo> {
        let file = tempfile::NamedTempFile::new()?;
        self.server.download(&self.token, track.id, file.path()).await?;
        Stereo::decode_start(file.path(), DECODED_S)
    }
}

/// The first track that is long enough for the whole comparison; else the longest that will do,
/// with a title that can be typed if there is one.
fn best(tracks: Vec<Track>) -> Option<Track> {
    let whole_ms = u64::from(LENGTH_S + MARGIN_S) * 1000;
    let shortest_ms = u64::from(SHORTEST_S) * 1000;
    let is_playable = |track: &Track| track.is_available && track.duration_ms >= shortest_ms;
    let merit = |track: &Track| {
        (track.title.chars().any(char::is_alphanumeric), track.duration_ms.min(whole_ms))
    };
    // Of equals, the first.
    tracks.into_iter().rev().filter(is_playable).max_by_key(merit)
}

/// FNV-1a (Fowler, Noll and Vo), which stays the same from one build to the next.
fn hash(path: &Path) -> u64 {
    let bytes = path.as_os_str().as_encoded_bytes();
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
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
