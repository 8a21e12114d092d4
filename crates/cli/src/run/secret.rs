//! `candela secret`.

use super::login::ask;
use crate::args::Common;
use crate::args::job::SecretVerb;
use crate::client::{Client, segment};
use crate::output;
use anyhow::Result;
use api::job::{NewSecret, SecretName};

/// Keeps secrets, and lists their names.
pub async fn run(client: &Client, verb: SecretVerb, common: &Common) -> Result<()> {
    match verb {
        SecretVerb::List => {
            let items: Vec<SecretName> = client.list("secrets", &[], None).await?;
            if !common.output.is_table() {
                return output::data(common.output, &items);
            }
            if items.is_empty() {
                eprintln!("there is no secret");
                return Ok(());
            }
            let names: Vec<String> = items.into_iter().map(|one| one.name).collect();
            output::say(&names.join("\n"))
        }
        SecretVerb::Set { name } => {
            let secret = ask(&format!("Secret {name}: "))?;
            let path = format!("secrets/{}", segment(&name));
            client.put(&path, &NewSecret { secret }).await?;
            eprintln!("secret {name} is kept");
            Ok(())
        }
    }
}
