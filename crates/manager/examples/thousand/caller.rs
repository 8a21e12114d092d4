//! A caller over HTTPS: pages, and the stream of changes.

use manager::Running;
use model::role::Role;
use reqwest::{Certificate, Client, Response};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Changes that may wait to be looked at.
const CHANGES_WAITING_MAX: usize = 10_000;

/// Someone with a token.
pub struct Caller {
    http: Client,
    base: String,
    token: String,
}

/// When each change that tells of an event arrived.
pub struct Changes(mpsc::Receiver<Instant>);

impl Caller {
    /// With a token of its own.
    pub async fn new(running: &Running) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let manager = running.manager();
        let admin = manager.store().user_by_name("admin".into()).await;
        let admin = admin.expect("is open").expect("was made");
        let (name, ttl) = (String::from("measuring"), Duration::from_hours(1));
        let made = manager::http::issue_token(manager, admin.id, name, Role::Viewer, ttl).await;
        let ca = Certificate::from_pem(manager.ca_pem().as_bytes()).expect("is a certificate");
        let http = Client::builder().tls_certs_only([ca]).build();
        Self {
            http: http.expect("has TLS"),
            base: format!("{}/api/v1", running.url()),
            token: made.expect("is open").expect("is random").secret,
        }
    }

    async fn ask(&self, path: &str) -> Response {
        let request = self.http.get(format!("{}{path}", self.base));
        let answer = request.bearer_auth(&self.token).send().await;
        let answer = answer.expect("answers");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer
    }

    /// Milliseconds that the whole answer took, and the answer.
    pub async fn get(&self, path: &str) -> (f64, Vec<u8>) {
        let begun = Instant::now();
        let answer = self.ask(path).await.bytes().await.expect("comes whole");
        (begun.elapsed().as_secs_f64() * 1000.0, answer.to_vec())
    }

    /// Changes from now on.
    pub async fn stream(&self) -> Changes {
        let mut answer = self.ask("/stream").await;
        let (sender, receiver) = mpsc::channel(CHANGES_WAITING_MAX);
        tokio::spawn(async move {
            let mut text = String::new();
            while let Ok(Some(chunk)) = answer.chunk().await {
                let arrived = Instant::now();
                text.push_str(&String::from_utf8_lossy(&chunk));
                while let Some((message, rest)) = text.split_once("\n\n") {
                    let tells = message.lines().any(|line| {
                        let data = line.strip_prefix("data:");
                        let data = data.and_then(|data| serde_json::from_str(data).ok());
                        data.is_some_and(|change: api::event::Change| {
                            change.views.iter().any(|view| view == "events")
                        })
                    });
                    if tells && sender.send(arrived).await.is_err() {
                        return;
                    }
                    text = rest.to_owned();
                }
            }
        });
        Changes(receiver)
    }
}

impl Changes {
    /// When the next one arrived.
    pub async fn next_event(&mut self) -> Instant {
        self.0.recv().await.expect("the stream goes on")
    }
}
