//! `candela allowed`.

use crate::args::Common;
use crate::client::Client;
use crate::output::{self, Screen};
use anyhow::Result;
use api::allowed::Allowed;

/// Says what may be done to a thing, and if not, why.
pub async fn run(
    client: &Client,
    thing: &str,
    noun: Option<String>,
    common: &Common,
) -> Result<()> {
    let mut query = vec![("thing", thing.to_owned())];
    query.extend(noun.map(|noun| ("noun", noun)));
    let found: Allowed = client.get("allowed", &query).await?;
    if !common.output.is_table() {
        return output::data(common.output, &found);
    }
    output::say(&show(&found, Screen::standard()))
}

/// Its verbs: those that may be used with what to know, the others with why not.
pub(crate) fn show(found: &Allowed, screen: Screen) -> String {
    let rows = found.verbs.iter().map(|verb| {
        let (now, words) = match &verb.why_not {
            Some(why) => ("no", why.clone()),
            None => ("yes", verb.warnings.join(" ")),
        };
        vec![verb.verb.clone(), now.to_owned(), words]
    });
    let table = screen.table(&["VERB", "NOW", "WHY NOT, OR WHAT TO KNOW~"], rows);
    format!("{} {}\n\n{table}", found.noun, found.about.name)
}
