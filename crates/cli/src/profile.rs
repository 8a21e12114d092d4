//! Where the manager is and who we are: from the environment, or from the
//! profile that `candela login` wrote. Only its owner can read the file.

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// How to reach a manager.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// `https://manager:7443`.
    pub url: String,
    /// API token; empty before a login.
    pub token: String,
    /// Certificates to trust, PEM.
    #[serde(default)]
    pub ca_pem: Option<String>,
    /// Trust any certificate (`CANDELA_INSECURE=1`); never written.
    #[serde(skip)]
    pub is_insecure: bool,
}

/// A variable that is set and not empty.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The environment over the profile on disk.
pub fn load() -> Result<Profile> {
    let saved = read_saved()?;
    let url = variable("CANDELA_URL").map(|url| address(&url));
    let url = url.or(saved.as_ref().map(|saved| saved.url.clone()));
    let Some(url) = url else {
        bail!(
            "no manager is known: run `candela login https://HOST:PORT`, or set CANDELA_URL and CANDELA_TOKEN"
        );
    };
    // A saved token is for the saved manager only.
    let same = saved.filter(|saved| saved.url == url);
    let token = variable("CANDELA_TOKEN").or(same.as_ref().map(|saved| saved.token.clone()));
    let Some(token) = token else {
        bail!("no token for {url}: run `candela login {url}`, or set CANDELA_TOKEN");
    };
    let profile = Profile {
        url,
        token,
        ca_pem: same.and_then(|saved| saved.ca_pem),
        is_insecure: false,
    };
    with_trust(profile)
}

/// A profile without a token, for logging in.
pub fn for_login(url: Option<String>) -> Result<Profile> {
    let url = url.or_else(|| variable("CANDELA_URL"));
    let Some(url) = url else {
        bail!("which manager? `candela login https://HOST:PORT`");
    };
    with_trust(Profile {
        url: address(&url),
        token: String::new(),
        ca_pem: None,
        is_insecure: false,
    })
}

/// An address with its scheme: a manager speaks HTTPS.
fn address(url: &str) -> String {
    let url = url.trim_end_matches('/');
    if url.contains("://") {
        url.to_owned()
    } else {
        format!("https://{url}")
    }
}

fn with_trust(mut profile: Profile) -> Result<Profile> {
    if let Some(path) = variable("CANDELA_CA") {
        let pem = fs::read_to_string(&path)
            .with_context(|| format!("could not read the CA that CANDELA_CA names, {path}"))?;
        profile.ca_pem = Some(pem);
    }
    profile.is_insecure = variable("CANDELA_INSECURE").is_some_and(|value| value == "1");
    if profile.is_insecure {
        eprintln!("warning: CANDELA_INSECURE=1: the manager's certificate is not checked");
    }
    Ok(profile)
}

fn path() -> Result<PathBuf> {
    let base = variable("XDG_CONFIG_HOME").map(PathBuf::from);
    let home = variable("HOME").map(|home| PathBuf::from(home).join(".config"));
    let folder = base
        .or(home)
        .context("neither XDG_CONFIG_HOME nor HOME is set")?;
    Ok(folder.join("candela/profile.json"))
}

fn read_saved() -> Result<Option<Profile>> {
    let Ok(path) = path() else { return Ok(None) };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| format!("could not read {}", path.display()));
        }
    };
    let profile = serde_json::from_str(&text)
        .with_context(|| format!("{} is damaged; remove it and log in again", path.display()))?;
    Ok(Some(profile))
}

/// Writes the profile where only its owner can read it, in one step.
pub fn save(profile: &Profile) -> Result<PathBuf> {
    let path = path()?;
    let folder = path.parent().context("the profile lies in a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
    let part = path.with_extension("part");
    let wrote = || -> Result<()> {
        let mut options = fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&part)?;
        file.write_all(serde_json::to_string_pretty(profile)?.as_bytes())?;
        file.sync_all()?;
        fs::rename(&part, &path)?;
        Ok(())
    };
    wrote().with_context(|| format!("could not write {}", path.display()))?;
    Ok(path)
}
