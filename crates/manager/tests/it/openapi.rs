//! `openapi/v1.json` is what the operations say, and what the page's types are
//! made from.

use std::path::Path;

#[test]
fn the_committed_openapi_document_is_that_of_the_operations() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi/v1.json");
    let made = manager::http::openapi::json();
    if std::env::var_os("CANDELA_WRITE_OPENAPI").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == made,
        "openapi/v1.json is not what the operations say; write it with `cargo xtask openapi`"
    );
}

#[test]
fn every_operation_says_what_it_answers_and_what_goes_wrong() {
    let document: serde_json::Value =
        serde_json::from_str(&manager::http::openapi::json()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let mut ids = std::collections::BTreeSet::new();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().unwrap() {
            assert!(operation["summary"].is_string(), "{method} {path}");
            assert!(
                operation["responses"]["200"]["content"].is_object(),
                "{method} {path}"
            );
            assert!(
                operation["responses"]["default"].is_object(),
                "{method} {path}"
            );
            ids.insert(operation["operationId"].as_str().unwrap().to_owned());
        }
    }
    assert!(ids.len() >= 38, "{ids:?}");
}
