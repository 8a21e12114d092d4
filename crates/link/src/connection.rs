//! One end of a link: frames in, frames out, both in bounded queues.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;
use tokio::sync::mpsc;
use wire::{DecodeError, ToAgent, ToManager};

/// Frames that may wait in one direction.
pub const FRAMES_WAITING_MAX: usize = 16;

/// The agent's end.
pub type AgentEnd = End<ToManager, ToAgent>;
/// The manager's end.
pub type ManagerEnd = End<ToAgent, ToManager>;

/// One end of a link. Dropping it closes the link.
#[derive(Debug)]
pub struct End<Out, In> {
    sender: Sender<Out>,
    frames: mpsc::Receiver<Vec<u8>>,
    broken: Option<DecodeError>,
    received: PhantomData<fn() -> In>,
}

/// The sending half of an end; clones share the queue.
#[derive(Debug)]
pub struct Sender<Out> {
    frames: mpsc::Sender<Vec<u8>>,
    sent: PhantomData<fn(Out)>,
}

impl<Out> Clone for Sender<Out> {
    fn clone(&self) -> Self {
        Self {
            frames: self.frames.clone(),
            sent: PhantomData,
        }
    }
}

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub enum Closed {
    /// The other side is gone.
    #[error("the link is closed")]
    Gone,
    /// The queue is full: the other side does not keep up.
    #[error("the link's queue is full")]
    Full,
    /// The message cannot go over any link.
    #[error(transparent)]
    Message(#[from] wire::EncodeError),
}

impl<Out: Serialize> Sender<Out> {
    /// Queues a message; waits while the queue is full.
    pub async fn send(&self, message: &Out) -> Result<(), Closed> {
        let frame = wire::encode(message)?;
        self.frames.send(frame).await.map_err(|_| Closed::Gone)
    }

    /// Queues a message if there is room.
    pub fn try_send(&self, message: &Out) -> Result<(), Closed> {
        let frame = wire::encode(message)?;
        self.frames.try_send(frame).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Closed::Full,
            mpsc::error::TrySendError::Closed(_) => Closed::Gone,
        })
    }

    /// Waits until the other side is gone. Cancel-safe.
    pub async fn closed(&self) {
        self.frames.closed().await;
    }
}

impl<Out: Serialize, In: DeserializeOwned> End<Out, In> {
    pub(crate) fn new(out: mpsc::Sender<Vec<u8>>, frames: mpsc::Receiver<Vec<u8>>) -> Self {
        let sender = Sender {
            frames: out,
            sent: PhantomData,
        };
        Self {
            sender,
            frames,
            broken: None,
            received: PhantomData,
        }
    }

    /// Sends a message; waits while the queue is full.
    pub async fn send(&self, message: Out) -> Result<(), Closed> {
        self.sender.send(&message).await
    }

    /// A handle that sends too.
    pub fn sender(&self) -> Sender<Out> {
        self.sender.clone()
    }

    /// The next message; none when the link is closed or the other side sent
    /// what is no message (see [`End::broken`]). Cancel-safe.
    pub async fn recv(&mut self) -> Option<In> {
        let frame = self.frames.recv().await?;
        match wire::decode(&frame) {
            Ok(message) => Some(message),
            Err(error) => {
                self.frames.close();
                self.broken = Some(error);
                None
            }
        }
    }

    /// What was received that is no message.
    pub fn broken(&self) -> Option<&DecodeError> {
        self.broken.as_ref()
    }
}

/// A link inside this process: the same frames, nothing to carry them.
pub fn memory() -> (AgentEnd, ManagerEnd) {
    let (up, from_agent) = mpsc::channel(FRAMES_WAITING_MAX);
    let (down, from_manager) = mpsc::channel(FRAMES_WAITING_MAX);
    (End::new(up, from_manager), End::new(down, from_agent))
}
