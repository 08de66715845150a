//! Plays files or addresses one after the other, without gaps, and prints what happens:
//! `cargo run -p audio-engine --example play -- [--device NAME] [--volume 0.5] FILE_OR_URL...`

use std::sync::Arc;

use audio_engine::{
    Authorize, AuthorizeError, Command, Config, Engine, Event, Item, Output, PlayToken, Source,
    output_devices,
};
use futures::future::BoxFuture;

/// Sends the token of `MELODYUD_TOKEN`, if there is one.
struct FromEnvironment;

impl Authorize for FromEnvironment {
    fn bearer(&self, is_stale: bool) -> BoxFuture<'_, Result<Option<String>, AuthorizeError>> {
        Box::pin(async move {
            match std::env::var("MELODYUD_TOKEN") {
                Ok(_) if is_stale => Err(AuthorizeError::SignedOut),
                token => Ok(token.ok()),
            }
        })
    }
}

fn item(index: usize, address: &str) -> Item {
    let source = match address.parse() {
        Ok(url) if address.starts_with("http") => {
            Source::Http { url, authorize: Arc::new(FromEnvironment) }
        }
        _ => Source::File(address.into()),
    };
    Item {
        token: PlayToken(index as u64),
        source,
        gain_db: 0.0,
        content_type: String::new(),
        duration_ms: 0,
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (mut device, mut volume, mut addresses) = (None, 1.0, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--device" => device = arguments.next(),
            "--volume" => volume = arguments.next().ok_or("a volume from 0 to 1")?.parse()?,
            _ => addresses.push(argument),
        }
    }
    if addresses.is_empty() {
        println!("devices: {:?}", output_devices());
        return Err("name files or addresses to play".into());
    }
    // Only fails where one is installed already.
    drop(rustls::crypto::ring::default_provider().install_default());
    let config = Config { output: Output::Device(device), volume, ..Config::default() };
    let (engine, mut events) = Engine::start(config)?;
    let mut items = addresses.iter().enumerate().map(|(index, address)| item(index, address));
    if let Some(item) = items.next() {
        engine.send(Command::Load { item, position_ms: 0, is_playing: true })?;
    }
    if let Some(item) = items.next() {
        engine.send(Command::Prepare(item))?;
    }
    while let Some(event) = events.blocking_recv() {
        println!("{event:?}");
        match event {
            Event::Advanced { .. } => {
                if let Some(item) = items.next() {
                    engine.send(Command::Prepare(item))?;
                }
            }
            Event::Ended { .. } => break,
            Event::Failed { reason, .. } => return Err(reason.into()),
            _ => {}
        }
    }
    Ok(())
}
