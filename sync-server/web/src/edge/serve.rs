//! Accepts connections, with bounds on their number and on the time of a request's head (which
//! `axum::serve` has not), and lets answers under way finish when told to stop.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, watch},
};
use tower::ServiceExt as _;

use super::{
    Limits,
    places::{Held, Places},
    wire::Wire,
};

/// Where accepting fails (no file handles left), the loop rests so long before it tries again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Serves until `stop` completes and the answers under way are out, or out of time.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: &Limits,
    stop: impl Future<Output = ()>,
) {
    let places = Places::new(limits);
    let (stopping, _) = watch::channel(());
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, peer, place) = tokio::select! {
            accepted = accept(&listener, &places) => match accepted {
                Ok(Some(accepted)) => accepted,
                Ok(None) => continue,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept connections");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        let connection = connection(stream, peer, router.clone(), limits, stopping.subscribe());
        tokio::spawn(async move {
            connection.await;
            drop(place);
        });
    }
    drop(listener);
    stopping.send_replace(());
    // Each connection holds a receiver until it ends.
    if tokio::time::timeout(limits.drain_timeout, stopping.closed()).await.is_err() {
        tracing::warn!(n_connections = stopping.receiver_count(), "cut off answers under way");
    }
}

/// The next connection; `None` where its address has too many.
async fn accept(
    listener: &TcpListener,
    places: &Places,
) -> io::Result<Option<(TcpStream, SocketAddr, Held)>> {
    let place = places.take().await;
    let (stream, peer) = listener.accept().await?;
    let Some(place) = place.held_by(peer.ip()) else {
        tracing::debug!("closed a connection: its address has too many");
        return Ok(None);
    };
    // Small answers leave at once: the start of a track waits for them.
    stream.set_nodelay(true)?;
    Ok(Some((stream, peer, place)))
}

fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: &Limits,
    mut stopping: watch::Receiver<()>,
) -> impl Future<Output = ()> + use<> {
    let (first_head_timeout, head_timeout) = (limits.first_head_timeout, limits.head_timeout);
    let stream = Wire::new(stream, limits.stall_timeout);
    let begun = Arc::new(Notify::new());
    let first_request = begun.clone();
    let service = router.map_request(move |request: hyper::Request<Incoming>| {
        begun.notify_one();
        let mut request: Request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    });
    async move {
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(head_timeout)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        let mut connection = std::pin::pin!(connection);
        let silence = async {
            if tokio::time::timeout(first_head_timeout, first_request.notified()).await.is_ok() {
                std::future::pending::<()>().await;
            }
        };
        let result = tokio::select! {
            result = connection.as_mut() => result,
            () = silence => return,
            _ = stopping.changed() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = result {
            // Clients go away in the middle all the time.
            tracing::debug!(%error, "connection ended early");
        }
    }
}
