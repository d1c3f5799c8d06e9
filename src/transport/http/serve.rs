//! The listener: HTTP/1.1, small buffers, an end to slow headers, and a graceful stop.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{body::Body, extract::ConnectInfo, http::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_service::Service as _;

use super::{Http, address::network};
use crate::shares::Shares;

/// A peer that sends its headers slower than this is cut off.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of a request's headers and of a connection's read buffer.
const BUFFER_BYTES_MAX: usize = 64 << 10;
/// After a failed accept (out of descriptors, mostly) others may end meanwhile.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop`, then lets open connections finish their requests.
pub async fn serve(
    listener: TcpListener,
    http: Arc<Http>,
    seats: Arc<Shares<IpAddr>>,
    stop: CancellationToken,
) {
    let router = super::router(http);
    let connections = TaskTracker::new();
    loop {
        let place = tokio::select! {
            Some(place) = seats.place() => place,
            () = stop.cancelled() => break,
        };
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "A connection could not be accepted.");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            () = stop.cancelled() => break,
        };
        let Some(seat) = seats.give(network(peer.ip()), place) else {
            tracing::debug!(%peer, "Too many connections (limits.connections_per_address).");
            continue;
        };
        let (router, stop) = (router.clone(), stop.clone());
        connections.spawn(async move {
            connection(stream, peer, router, stop).await;
            drop(seat);
        });
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: axum::Router,
    stop: CancellationToken,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "No TCP_NODELAY on a connection.");
    }
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        let mut router = router.clone();
        async move { router.call(request.map(Body::new)).await.map_err(|never: Infallible| never) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_TIMEOUT)
        .max_buf_size(BUFFER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.as_mut().await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "A connection ended early.");
    }
}
