//! The built-in sites, looked at by the agent, concluded from by `detect`, and
//! compared with what was recorded.

mod lab01;
mod site;
mod valley;
