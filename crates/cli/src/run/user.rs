//! `candela user` and `candela password`.

use super::login::ask;
use crate::args::{Common, UserChanges, UserVerb};
use crate::client::{Client, segment};
use crate::output::{self, Screen};
use anyhow::{Result, bail};
use api::auth::{ChangeUser, NewPassword, NewUser, User};
use api::page::Done;

/// Lists, makes, changes and removes accounts.
pub async fn run(client: &Client, verb: UserVerb, common: &Common) -> Result<()> {
    match verb {
        UserVerb::List => {
            let items: Vec<User> = client.list("users", &[], None).await?;
            if !common.output.is_table() {
                return output::data(common.output, &items);
            }
            let head = ["NAME~", "ROLE", "STATE", "SINCE"];
            let rows = items.into_iter().map(|user| {
                let state = state(&user).to_owned();
                vec![user.name, user.role, state, user.created_at]
            });
            output::say(&Screen::standard().table(&head, rows))
        }
        UserVerb::Create { name, role } => {
            let password = new_password(&name)?;
            let body = NewUser {
                name,
                password,
                role,
            };
            let made: User = client.post("users", &body).await?;
            eprintln!("account {} is made, with the role {}", made.name, made.role);
            Ok(())
        }
        UserVerb::Set { name, changes } => {
            let body = change(&name, changes)?;
            let path = format!("users/{}", segment(&name));
            let user: User = client.patch(&path, &body).await?;
            eprintln!("account {}: {}, {}", user.name, user.role, state(&user));
            Ok(())
        }
        UserVerb::Remove { name } => {
            client.delete(&format!("users/{}", segment(&name))).await?;
            eprintln!("account {name} is removed");
            Ok(())
        }
    }
}

/// Changes the caller's own password.
pub async fn password(client: &Client) -> Result<()> {
    let current = ask("Current password: ")?;
    let new = new_password("your account")?;
    let body = NewPassword { current, new };
    let _: Done = client.post("session/password", &body).await?;
    eprintln!("The password is changed; other sessions of the account have ended.");
    Ok(())
}

fn state(user: &User) -> &'static str {
    if user.is_disabled {
        "disabled"
    } else {
        "enabled"
    }
}

fn change(name: &str, changes: UserChanges) -> Result<ChangeUser> {
    let password = if changes.password {
        Some(new_password(name)?)
    } else {
        None
    };
    let is_disabled = (changes.disable || changes.enable).then_some(changes.disable);
    Ok(ChangeUser {
        role: changes.role,
        is_disabled,
        password,
    })
}

/// Asks twice, since what is typed is not seen.
fn new_password(whose: &str) -> Result<String> {
    let first = ask(&format!("New password of {whose}: "))?;
    if ask("Again: ")? != first {
        bail!("the two are not the same");
    }
    Ok(first)
}
