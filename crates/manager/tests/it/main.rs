//! A running manager with agents that speak the protocol by hand.

mod agent;
mod enrolment;
mod http;
mod links;
mod many;
mod openapi;
