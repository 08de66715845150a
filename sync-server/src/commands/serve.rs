//! `serve`: run the service until it is told to stop.

use std::{io::Write as _, process::ExitCode};

use anyhow::Context as _;
use tokio::net::TcpListener;

use crate::{config::Config, data_dir::DataDir, wiring};

pub async fn serve(mut config: Config) -> anyhow::Result<ExitCode> {
    // Signals from now on: one that comes early still stops in good order.
    let stop = stop_signal()?;
    let edge = config.http.edge()?;
    let data = DataDir::open(config.storage.data_dir()?)?;
    let _lock = data.lock_for_serving()?;
    let listener = TcpListener::bind(&config.http.listen).await.with_context(|| {
        format!(
            "cannot listen on {}; is another program there? Name another place with --listen",
            config.http.listen
        )
    })?;
    let address = listener.local_addr()?;
    // The port may have been left to the system.
    config.http.listen = address.to_string();
    let metrics = web::edge::install_metrics()?;
    let server = wiring::assemble(&config, Some(metrics)).await?;

    // Programs that start the server wait for this line.
    let mut stdout = std::io::stdout();
    writeln!(stdout, "listening on http://{address}").and_then(|()| stdout.flush())?;
    if config.mail.smtp.is_none() {
        let folder = data.mails();
        tracing::info!(folder = %folder.display(), "mails are written to files: no SMTP server");
    }
    tracing::info!(%address, data = %data.path().display(), "serving");

    web::edge::serve(listener, server.router.clone(), &edge.limits, async {
        stop.await;
        tracing::info!("stopping");
        // Long answers, such as the progress of an import, end with what they wait for.
        server.begin_stop().await;
    })
    .await;
    server.stop().await;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Completes at Ctrl-C or, where there is such a thing, SIGTERM.
pub(super) fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).context("cannot watch SIGTERM")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("cannot watch SIGINT")?;
        Ok(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    {
        Ok(async {
            // Where there is no way to be told, nobody tells.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}
