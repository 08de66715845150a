//! Records what the null sink plays.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result};

use crate::{
    desktop::{Desktop, SAMPLE_RATE_HZ, SINK},
    process::Process,
    sound::Stereo,
    wait,
};

/// A recording under way.
pub struct Recorder {
    process: Process,
    path: PathBuf,
}

impl Recorder {
    /// Starts, and returns once the first samples are in.
    pub async fn start(desktop: &Desktop, name: &str) -> Result<Self> {
        let path = desktop.dir().join(format!("{name}.raw"));
        let mut command = Command::new("parecord");
        desktop
            .dress(&mut command)
            .args(["--raw", "--format=s16le", "--channels=2", "--latency-msec=20"])
            .arg(format!("--rate={SAMPLE_RATE_HZ}"))
            .arg(format!("--device={SINK}.monitor"))
            .arg(&path);
        let process = Process::start(name, &mut command, desktop.dir())?;
        let recorder = Self { process, path };
        wait::until("the recording to start", Duration::from_mins(1), async || {
            Ok(recorder.has_samples().then_some(()))
        })
        .await?;
        Ok(recorder)
    }

    fn has_samples(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|file| file.len() > 0)
    }

    /// What is recorded up to now.
    pub fn so_far(&self) -> Result<Stereo> {
        read(&self.path)
    }

    /// Stops and hands the recording over.
    pub fn stop(self) -> Result<Stereo> {
        self.process.terminate().context("stop the recording")?;
        read(&self.path)
    }
}

fn read(path: &Path) -> Result<Stereo> {
    Ok(Stereo::from_s16le(&std::fs::read(path)?))
}
