//! Codes of problems. Each has a page in `docs/errors`; a test pairs them.

/// No login, and no token.
pub const LOGIN_NEEDED: &str = "login-needed";
/// Wrong name or password.
pub const LOGIN_WRONG: &str = "login-wrong";
/// The account is disabled.
pub const ACCOUNT_DISABLED: &str = "account-disabled";
/// Too many wrong logins.
pub const LOGIN_TOO_OFTEN: &str = "login-too-often";
/// The token is unknown or has ended.
pub const TOKEN_UNKNOWN: &str = "token-unknown";
/// The role may not.
pub const ROLE_TOO_LOW: &str = "role-too-low";
/// A change without the CSRF header.
pub const CSRF_MISSING: &str = "csrf-missing";
/// There is no such thing.
pub const NOT_FOUND: &str = "not-found";
/// A name stands for several things.
pub const AMBIGUOUS: &str = "name-ambiguous";
/// The request is not as it must be.
pub const BAD_REQUEST: &str = "bad-request";
/// The thing is in the way of the change.
pub const CONFLICT: &str = "conflict";
/// The world moved since the plan was shown.
pub const PLAN_CHANGED: &str = "plan-changed";
/// A device may not lose what is on it without a person's word.
pub const CONSENT_NEEDED: &str = "consent-needed";
/// The spec says of a target what is not so.
pub const SPEC_DIFFERS: &str = "spec-differs";
/// The manager failed.
pub const INTERNAL: &str = "internal";
