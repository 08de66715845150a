//! A line to the server on which answers to renewals get lost.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

const REFRESH: &[u8] = b"POST /api/v1/sessions/refresh ";

/// Passes everything on, but loses as many answers as it is told to: the server has done what was
/// asked, and the client never learns.
pub struct Line {
    pub url: String,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    n_to_lose: AtomicUsize,
    n_lost: AtomicUsize,
}

impl Line {
    pub async fn to(server_url: &str) -> anyhow::Result<Self> {
        let server = server_url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let state = Arc::<State>::default();
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, state) = (server.clone(), Arc::clone(&shared));
                tokio::spawn(async move {
                    if let Ok(server) = TcpStream::connect(&server).await {
                        // A connection that breaks is what this is about.
                        let _ = carry(client, server, &state).await;
                    }
                });
            }
        });
        Ok(Self { url, state, task })
    }

    pub fn lose_next(&self, n: usize) {
        self.state.n_to_lose.store(n, Ordering::SeqCst);
    }

    pub fn n_lost(&self) -> usize {
        self.state.n_lost.load(Ordering::SeqCst)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(mut client: TcpStream, mut server: TcpStream, state: &State) -> std::io::Result<()> {
    let (mut question, mut answer) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut is_renewal = false;
    loop {
        tokio::select! {
            n = client.read(&mut question) => match n? {
                0 => return Ok(()),
                n => {
                    is_renewal = question[..n].starts_with(REFRESH);
                    server.write_all(&question[..n]).await?;
                }
            },
            n = server.read(&mut answer) => match n? {
                0 => return Ok(()),
                n => {
                    let lose = |left: usize| left.checked_sub(1);
                    if is_renewal
                        && state.n_to_lose.fetch_update(Ordering::SeqCst, Ordering::SeqCst, lose).is_ok()
                    {
                        state.n_lost.fetch_add(1, Ordering::SeqCst);
                        return Ok(());
                    }
                    client.write_all(&answer[..n]).await?;
                }
            },
        }
    }
}
