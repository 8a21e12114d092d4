//! A WebSocket as an end of a link: two queues and one task that moves frames.

use crate::connection::{End, FRAMES_WAITING_MAX, ManagerEnd};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use rt::Tasks;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::pin::pin;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

/// The default buffers would cost 152 kB per agent; these cost 24 kB.
const BUFFER: usize = 4096;
/// How long the last frames of a link that is being closed may take.
const LINGER: Duration = Duration::from_secs(5);

pub(crate) fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .max_message_size(Some(wire::frame::FRAME_MAX))
        .max_frame_size(Some(wire::frame::FRAME_MAX))
}

/// What the manager answers to a `Sec-WebSocket-Key`.
pub fn accept_key(key: &[u8]) -> String {
    derive_accept_key(key)
}

/// The manager's end over a stream whose HTTP upgrade is done.
pub async fn serve<S>(stream: S, tasks: &Tasks) -> ManagerEnd
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config())).await;
    pump(socket, tasks, "link to an agent")
}

pub(crate) fn pump<S, Out, In>(
    socket: WebSocketStream<S>,
    tasks: &Tasks,
    name: &str,
) -> End<Out, In>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    Out: Serialize,
    In: DeserializeOwned,
{
    let (out, outgoing) = mpsc::channel(FRAMES_WAITING_MAX);
    let (incoming, received) = mpsc::channel(FRAMES_WAITING_MAX);
    tasks.spawn("link", name, move_frames(socket, outgoing, incoming));
    End::new(out, received)
}

async fn move_frames<S>(
    socket: WebSocketStream<S>,
    mut outgoing: mpsc::Receiver<Vec<u8>>,
    incoming: mpsc::Sender<Vec<u8>>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut sink, stream) = socket.split();
    {
        // Reading and writing wait on their own, so that two full queues
        // cannot wait for each other.
        let writing = pin!(write(&mut sink, &mut outgoing));
        let reading = pin!(read(stream, &incoming));
        tokio::select! {
            () = writing => {}
            () = reading => {}
            () = incoming.closed() => {}
        }
    }
    drop(incoming);
    outgoing.close();
    // The last words of an end that was dropped ("refused, because…") still go.
    let last = async {
        write(&mut sink, &mut outgoing).await;
        let _ = sink.close().await;
    };
    let _ = tokio::time::timeout(LINGER, last).await;
}

async fn write<S>(
    sink: &mut SplitSink<WebSocketStream<S>, Message>,
    outgoing: &mut mpsc::Receiver<Vec<u8>>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(frame) = outgoing.recv().await {
        if sink.send(Message::Binary(frame.into())).await.is_err() {
            return;
        }
    }
}

async fn read<S>(mut stream: SplitStream<WebSocketStream<S>>, incoming: &mpsc::Sender<Vec<u8>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(Ok(message)) = stream.next().await {
        let frame = match message {
            Message::Binary(frame) => frame.into(),
            Message::Close(_) => return,
            // Pings are answered by the library; text is not ours.
            Message::Ping(_) | Message::Pong(_) | Message::Text(_) | Message::Frame(_) => continue,
        };
        if incoming.send(frame).await.is_err() {
            return;
        }
    }
}
