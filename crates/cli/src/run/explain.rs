//! `candela explain`.

use super::{concerns, evidence};
use crate::args::Common;
use crate::client::Client;
use crate::output::{self, Screen, sentences};
use anyhow::Result;
use api::summary::Explanation;

/// Says why.
pub async fn run(client: &Client, thing: &str, common: &Common) -> Result<()> {
    let query = [("thing", thing.to_owned())];
    let why: Explanation = client.get("explain", &query).await?;
    if !common.output.is_table() {
        return output::data(common.output, &why);
    }
    output::say(show(&why, Screen::standard()).trim_end())
}

/// The conclusion, then the signs.
pub(crate) fn show(why: &Explanation, screen: Screen) -> String {
    let mut text = format!(
        "{} {} (confidence: {})\n",
        why.noun, why.about.name, why.confidence
    );
    for sentence in &why.conclusion {
        text.push_str(&format!("  {sentence}\n"));
    }
    text.push_str(&sentences(
        "Needs attention",
        screen,
        &concerns(&why.concerns),
    ));
    text.push_str(&evidence(&why.evidence, screen));
    text
}
