//! `candela explain`.

use super::{concerns, evidence};
use crate::args::{Common, Format};
use crate::client::Client;
use crate::output::{self, block};
use anyhow::Result;
use api::summary::Explanation;

/// Says why.
pub async fn run(client: &Client, thing: &str, common: &Common) -> Result<()> {
    let query = [("thing", thing.to_owned())];
    let why: Explanation = client.get("explain", &query).await?;
    if common.output != Format::Table {
        return output::data(common.output, &why);
    }
    let mut text = format!(
        "{} {} (confidence: {})\n",
        why.noun, why.about.name, why.confidence
    );
    for sentence in &why.conclusion {
        text.push_str(&format!("  {sentence}\n"));
    }
    text.push_str(&block("Needs attention", &concerns(&why.concerns)));
    text.push_str(&block("Why we think so", &evidence(&why.evidence)));
    output::say(text.trim_end())
}
