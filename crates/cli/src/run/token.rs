//! `candela token`.

use crate::args::{Common, TokenVerb};
use crate::client::{Client, segment};
use crate::output::{self, Screen};
use anyhow::Result;
use api::token::{NewEnrolmentToken, NewToken, Secret, Token};

/// Makes, lists and ends tokens. A secret is printed once, alone on stdout.
pub async fn run(client: &Client, verb: TokenVerb, common: &Common) -> Result<()> {
    match verb {
        TokenVerb::Create { minutes, profile } => {
            let body = NewEnrolmentToken {
                ttl_s: Some(minutes * 60),
                profile: Some(profile),
            };
            let made: Secret = client.post("enrolment-tokens", &body).await?;
            secret(&made, common, "It enrols one server, once")
        }
        TokenVerb::CreateApi { name, role, days } => {
            let body = NewToken {
                name,
                role,
                ttl_s: Some(days * 86_400),
            };
            let made: Secret = client.post("tokens", &body).await?;
            secret(&made, common, "Keep it; it is not shown again")
        }
        TokenVerb::List => {
            let items: Vec<Token> = client.list("tokens", &[], None).await?;
            let head = ["ID", "NAME~", "ROLE", "USER", "EXPIRES"];
            if !common.output.is_table() {
                return output::data(common.output, &items);
            }
            if items.is_empty() {
                eprintln!("there is no token");
                return Ok(());
            }
            let rows = items.into_iter().map(|t| {
                let id = t.id.clone();
                vec![id, t.name, t.role, t.user, t.expires_at]
            });
            output::say(&Screen::standard().table(&head, rows))
        }
        TokenVerb::Revoke { id } => {
            client.delete(&format!("tokens/{}", segment(&id))).await?;
            eprintln!("token {id} is ended");
            Ok(())
        }
    }
}

fn secret(made: &Secret, common: &Common, word: &str) -> Result<()> {
    if !common.output.is_table() {
        return output::data(common.output, made);
    }
    eprintln!("{word}, until {}.", made.expires_at);
    output::say(&made.secret)
}
