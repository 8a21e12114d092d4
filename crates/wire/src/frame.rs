//! Messages as bytes. Decoding never panics and never allocates more than
//! [`PLAIN_MAX`] for what a stranger sends.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Version of the envelope.
const ENCODING: u8 = 1;
const PLAIN: u8 = 0;
const LZ4: u8 = 1;
/// Bodies above this are compressed.
const COMPRESS_FROM: usize = 1024;
/// Largest message on the wire.
pub const FRAME_MAX: usize = 8 << 20;
/// Largest body once unpacked.
pub const PLAIN_MAX: usize = 32 << 20;

/// Why a message cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// It has no encoding: a fault of ours.
    #[error("cannot encode the message")]
    Encode(#[source] postcard::Error),
    /// It is too large.
    #[error("the message has {0} bytes, more than may be sent")]
    TooLarge(usize),
}

/// Why bytes are not a message.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Larger than any message.
    #[error("a message of {0} bytes is larger than allowed")]
    TooLarge(usize),
    /// Cut off.
    #[error("the message is cut off")]
    Short,
    /// From another version.
    #[error("the encoding {0} is not known here")]
    Encoding(u8),
    /// Not what the envelope says.
    #[error("the message cannot be unpacked")]
    Unpack(#[source] lz4_flex::block::DecompressError),
    /// Not a message.
    #[error("the message cannot be read")]
    Body(#[source] postcard::Error),
    /// More bytes than the message needs.
    #[error("{0} bytes follow the message")]
    Trailing(usize),
}

/// A message as bytes.
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, EncodeError> {
    let frame = postcard::to_extend(message, vec![ENCODING, PLAIN]).map_err(EncodeError::Encode)?;
    let n_plain = frame.len() - 2;
    if n_plain > PLAIN_MAX {
        return Err(EncodeError::TooLarge(n_plain));
    }
    let frame = if n_plain > COMPRESS_FROM {
        packed(&frame[2..])
    } else {
        frame
    };
    if frame.len() > FRAME_MAX {
        Err(EncodeError::TooLarge(frame.len()))
    } else {
        Ok(frame)
    }
}

fn packed(plain: &[u8]) -> Vec<u8> {
    let size = u32::try_from(plain.len()).expect("bounded by PLAIN_MAX");
    let mut frame = vec![ENCODING, LZ4];
    frame.extend_from_slice(&size.to_le_bytes());
    frame.extend(lz4_flex::block::compress(plain));
    frame
}

/// Bytes as a message.
pub fn decode<T: DeserializeOwned>(frame: &[u8]) -> Result<T, DecodeError> {
    if frame.len() > FRAME_MAX {
        return Err(DecodeError::TooLarge(frame.len()));
    }
    match frame {
        [ENCODING, PLAIN, body @ ..] => read(body),
        [ENCODING, LZ4, a, b, c, d, body @ ..] => {
            let size = u32::from_le_bytes([*a, *b, *c, *d]);
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            if size > PLAIN_MAX {
                return Err(DecodeError::TooLarge(size));
            }
            // lz4 grows no input more than 255 times: a lie costs no memory.
            if size / 256 > body.len() {
                return Err(DecodeError::Short);
            }
            read(&lz4_flex::block::decompress(body, size).map_err(DecodeError::Unpack)?)
        }
        [ENCODING, ..] | [] => Err(DecodeError::Short),
        [other, ..] => Err(DecodeError::Encoding(*other)),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, DecodeError> {
    let (message, rest) = postcard::take_from_bytes(body).map_err(DecodeError::Body)?;
    if rest.is_empty() {
        Ok(message)
    } else {
        Err(DecodeError::Trailing(rest.len()))
    }
}
