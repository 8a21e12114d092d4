//! The API over HTTPS: requests with a deadline, errors as the manager words them.

use crate::profile::Profile;
use anyhow::{Context, Result, anyhow, bail};
use api::page::{LIMIT_MAX, Page};
use api::problem::Problem;
use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::{Certificate, Method, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// How long one answer may take.
const ANSWER_MAX: Duration = Duration::from_mins(1);

/// A connection to one manager.
pub struct Client {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Client {
    /// Prepares; nothing is sent yet.
    pub fn new(profile: &Profile) -> Result<Self> {
        // A second call finds a provider installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder().connect_timeout(Duration::from_secs(10));
        if let Some(pem) = &profile.ca_pem {
            let certificates = Certificate::from_pem_bundle(pem.as_bytes())
                .context("the CA is not a PEM certificate")?;
            builder = builder.tls_certs_only(certificates);
        }
        if profile.is_insecure {
            builder = builder.tls_danger_accept_invalid_certs(true);
        }
        let http = builder.build().context("could not prepare a TLS client")?;
        Ok(Self {
            http,
            url: profile.url.clone(),
            token: profile.token.clone(),
        })
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self
            .http
            .request(method, format!("{}/api/v1/{path}", self.url));
        if self.token.is_empty() {
            request
        } else {
            request.bearer_auth(&self.token)
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response> {
        let answer = request
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let text = answer.text().await.unwrap_or_default();
        match serde_json::from_str::<Problem>(&text) {
            Ok(problem) => bail!(
                "{} [{}]\n  {}",
                problem.detail,
                problem.code,
                problem.remedy
            ),
            Err(_) => bail!("the manager answered {status}: {}", text.trim()),
        }
    }

    fn unreachable(&self, error: &reqwest::Error) -> anyhow::Error {
        // That a request was sent, and to where, is said already.
        let cause = std::error::Error::source(error);
        let chain = cause.map_or_else(|| error.to_string(), stdx::chain::chain);
        let lower = chain.to_lowercase();
        let remedy = if lower.contains("unknownissuer") || lower.contains("certificate") {
            "name the manager's CA in CANDELA_CA (it prints where it keeps it), or log in again"
        } else if self.url.starts_with("http://") {
            "a manager speaks HTTPS: write https:// in its address"
        } else {
            "check the address, and that the manager runs"
        };
        anyhow!("could not reach {}: {chain}\n  {remedy}", self.url)
    }

    /// One thing.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T> {
        let request = self
            .request(Method::GET, path)
            .query(query)
            .timeout(ANSWER_MAX);
        let answer = self.send(request).await?;
        answer
            .json()
            .await
            .with_context(|| format!("the answer to {path} is not as expected"))
    }

    /// All rows of a list, page by page, `limit` at most.
    pub async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
        limit: Option<u32>,
    ) -> Result<Vec<T>> {
        let mut items: Vec<T> = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let have = u32::try_from(items.len()).unwrap_or(u32::MAX);
            let left = limit.map_or(LIMIT_MAX, |limit| limit.saturating_sub(have).min(LIMIT_MAX));
            if left == 0 {
                return Ok(items);
            }
            let mut query = query.to_vec();
            query.push(("limit", left.to_string()));
            query.extend(cursor.take().map(|cursor| ("cursor", cursor)));
            let page: Page<T> = self.get(path, &query).await?;
            items.extend(page.items);
            match page.next {
                Some(next) => cursor = Some(next),
                None => return Ok(items),
            }
        }
    }

    /// Sends a body, reads the answer.
    pub async fn post<B: Serialize, T: DeserializeOwned>(&self, path: &str, body: &B) -> Result<T> {
        self.change(Method::POST, path, body).await
    }

    /// Sends what is to change, reads the answer.
    pub async fn patch<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T> {
        self.change(Method::PATCH, path, body).await
    }

    /// Puts a thing in its place.
    pub async fn put<B: Serialize>(&self, path: &str, body: &B) -> Result<()> {
        let request = self
            .request(Method::PUT, path)
            .json(body)
            .timeout(ANSWER_MAX);
        self.send(request).await.map(drop)
    }

    async fn change<B: Serialize, T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &B,
    ) -> Result<T> {
        let request = self.request(method, path).json(body).timeout(ANSWER_MAX);
        let answer = self.send(request).await?;
        answer
            .json()
            .await
            .with_context(|| format!("the answer to {path} is not as expected"))
    }

    /// Ends a thing.
    pub async fn delete(&self, path: &str) -> Result<()> {
        let request = self.request(Method::DELETE, path).timeout(ANSWER_MAX);
        self.send(request).await.map(drop)
    }

    /// Logs in and makes an API token; the session ends with it.
    pub async fn login(&self, user: &str, password: &str, days: u64) -> Result<api::token::Secret> {
        let body = api::auth::Login {
            user: user.to_owned(),
            password: password.to_owned(),
        };
        let request = self
            .request(Method::POST, "login")
            .json(&body)
            .timeout(ANSWER_MAX);
        let answer = self.send(request).await?;
        let cookies: Vec<String> = answer
            .headers()
            .get_all(SET_COOKIE)
            .iter()
            .filter_map(|value| Some(value.to_str().ok()?.split(';').next()?.to_owned()))
            .collect();
        let me: api::auth::Me = answer
            .json()
            .await
            .context("the login's answer is not as expected")?;
        let csrf = me.csrf.unwrap_or_default();
        let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "this host".into());
        let new = api::token::NewToken {
            name: format!("candela login on {host}"),
            role: me.role,
            ttl_s: Some(days * 86_400),
        };
        let with_session = |request: RequestBuilder| {
            request
                .header(COOKIE, cookies.join("; "))
                .header("X-Csrf-Token", &csrf)
                .timeout(ANSWER_MAX)
        };
        let made = with_session(self.request(Method::POST, "tokens").json(&new));
        let secret = self
            .send(made)
            .await?
            .json()
            .await
            .context("no token came back")?;
        self.send(with_session(self.request(Method::POST, "logout")))
            .await?;
        Ok(secret)
    }

    /// The stream of changes, as it comes.
    pub async fn stream(&self) -> Result<Response> {
        let request = self
            .request(Method::GET, "stream")
            .header("Accept", "text/event-stream");
        self.send(request).await
    }
}

/// A name as one segment of a path.
pub fn segment(name: &str) -> String {
    let mut text = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}
