//! Rules of the kernel's packet filter, whoever lists them: [`super::nft`] and
//! [`super::iptables`] read into these records.

use serde::Serialize;

/// Everything one listing holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RuleSet {
    /// Chains in order.
    pub chains: Vec<Chain>,
    /// Rules in order.
    pub rules: Vec<Rule>,
}

/// A chain of rules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Chain {
    /// `ip`, `ip6`, `inet`, `bridge`; none where iptables does not tell.
    pub family: Option<String>,
    /// Its table.
    pub table: String,
    /// Its name.
    pub name: String,
    /// Where in the packet's way it stands: `input`, `forward`; none for a
    /// chain that only others call.
    pub hook: Option<String>,
    /// What happens at its end: `accept`, `drop`.
    pub policy: Option<String>,
}

/// One rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Its family.
    pub family: Option<String>,
    /// Its table.
    pub table: String,
    /// Its chain.
    pub chain: String,
    /// The rule as printed, JSON rules as JSON.
    pub text: String,
    /// What it does at last: `accept`, `drop`, `reject`, `jump NAME`.
    pub verdict: Option<String>,
    /// Destination ports it names: `988`, `1021-1023`, `ssh`.
    pub ports: Vec<String>,
}

impl RuleSet {
    /// Whether anything can be refused: a chain that drops at its end, or a rule
    /// that drops or rejects.
    pub fn is_filtering(&self) -> bool {
        let refuses = |word: &Option<String>| {
            matches!(word.as_deref(), Some("drop" | "reject" | "DROP" | "REJECT"))
        };
        self.chains.iter().any(|chain| refuses(&chain.policy))
            || self.rules.iter().any(|rule| refuses(&rule.verdict))
    }
}
