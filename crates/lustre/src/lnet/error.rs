//! What `lnetctl` could not do: `add:` / `- net:` / `errno: -17` / `descr: …`.

use super::tree::Node;
use serde::Serialize;

/// One failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LnetError {
    /// What was tried: `add`, `show`, `del`, `manage`, `import`.
    pub operation: String,
    /// On what: `net`, `route`, `ping`; empty where it is not said.
    pub object: String,
    /// The error number, negative as printed.
    pub errno: i64,
    /// The words.
    pub text: String,
    /// Line of the `errno`.
    pub line: u64,
}

impl LnetError {
    /// Whether the word tells that LNet is not set up or not loaded.
    pub fn is_lnet_down(&self) -> bool {
        matches!(self.errno, -100 | -2 | -19)
    }
}

/// Every failure below a section. A success (`errno: 0`) is none.
pub fn find(section: &Node<'_>) -> Vec<LnetError> {
    let mut found = Vec::new();
    collect(section, &section.key, "", &mut found);
    found
}

fn collect(node: &Node<'_>, operation: &str, object: &str, found: &mut Vec<LnetError>) {
    let mut object = object;
    for child in &node.children {
        // The object stands above its errno, or at the same column before it.
        if !child.is_item && child.value.is_empty() {
            object = &child.key;
        }
        if super::tree::is_key(&child.key, "errno") {
            let errno = child.value.trim().parse().unwrap_or(-1);
            if errno != 0 {
                found.push(LnetError {
                    operation: operation.to_owned(),
                    object: object.to_owned(),
                    errno,
                    text: node.get("descr").unwrap_or_default().trim().to_owned(),
                    line: child.line,
                });
            }
        }
        collect(child, operation, object, found);
    }
}
