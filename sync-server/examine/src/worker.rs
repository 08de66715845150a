//! The child process that looks into one file after another.
//!
//! It holds no secret, opens no socket and no database. Its memory is limited by itself, before
//! it reads the first job; its time is limited by the parent, which kills it.

use std::{
    io::{BufRead, Read as _, Write},
    process::ExitCode,
};

use crate::{
    file::examine,
    paths,
    protocol::{Answer, Job, READY},
};

/// Address space of a worker. The largest file held in memory, its tags, a cover and a decoder
/// fit several times over.
#[cfg(unix)]
const MEMORY_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Longest line to a worker; a path has 4,096 bytes at most.
const LINE_BYTES_MAX: u64 = 64 * 1024;

/// Takes jobs from standard input until it closes. The server calls this for its hidden
/// subcommand, before anything else is set up.
pub fn main() -> ExitCode {
    // What a panic says is of no use here: the parent reports the file.
    std::panic::set_hook(Box::new(|_| {}));
    if let Err(error) = limit().and_then(|()| serve()) {
        // The parent reads this when the worker is gone.
        eprintln!("decode worker: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

#[cfg(unix)]
fn limit() -> std::io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let hard = getrlimit(Resource::As).maximum.unwrap_or(u64::MAX);
    let limit = Some(MEMORY_BYTES_MAX.min(hard));
    setrlimit(Resource::As, Rlimit { current: limit, maximum: limit })?;
    // No dump of what a hostile file made of the process.
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    Ok(())
}

#[cfg(not(unix))]
fn limit() -> std::io::Result<()> {
    Ok(())
}

fn serve() -> std::io::Result<()> {
    let mut input = std::io::stdin().lock();
    let mut output = std::io::stdout().lock();
    output.write_all(READY)?;
    output.flush()?;
    while let Some(line) = read_line(&mut input)? {
        let job: Job = serde_json::from_slice(&line)?;
        let mut asked = Ok(());
        let path = paths::unhex(&job.path)
            .ok_or_else(|| std::io::Error::other("a job without the path of a file"))?;
        let (answer, cover) = examine(&paths::from_bytes(&path), |content_hash| {
            job.must_ask && {
                let question = Answer::Hashed { content_hash: content_hash.to_owned() };
                let reply = send(&mut output, &question, &[])
                    .and_then(|()| read_line(&mut input))
                    .map(|line| line.is_some_and(|line| line == b"true\n"));
                // A parent that is gone: nothing more to do.
                reply.unwrap_or_else(|error| {
                    asked = Err(error);
                    true
                })
            }
        });
        asked?;
        send(&mut output, &answer, &cover)?;
    }
    Ok(())
}

/// `None` at the end of the input.
fn read_line(input: &mut impl BufRead) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
    Ok(Some(line).filter(|line| !line.is_empty()))
}

fn send(output: &mut impl Write, answer: &Answer, cover: &[u8]) -> std::io::Result<()> {
    let mut message = serde_json::to_vec(answer)?;
    message.push(b'\n');
    message.extend_from_slice(cover);
    output.write_all(&message)?;
    output.flush()
}
