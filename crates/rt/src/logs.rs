//! Logging: sentences with fields, to stderr.

use tracing_subscriber::EnvFilter;

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// Starts logging. `filter` as in `RUST_LOG` (`info,link=debug`); a bad one is
/// replaced by `info`. A second call does nothing.
pub fn start(filter: &str, shape: Shape) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // An error means that a subscriber is there already, which is as good.
    let _ = match shape {
        Shape::Text => builder.try_init(),
        Shape::Json => builder.json().try_init(),
    };
}
