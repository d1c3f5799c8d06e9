//! Bartizan: an MCP gateway with a content firewall.
//!
//! In reading order: a message comes in through [`transport`], becomes an arrival, and walks the
//! [`corridor`] of the [`gateway`]: [`identity`], [`access`], [`limits`], [`inspect`] (the door of
//! the [`firewall`]), [`approval`], [`upstream`], the firewall again, [`spotlight`], and the
//! record in [`audit`].

// The fuzz targets' laws name the crate; the tests that replay their seeds do too.
#[cfg(test)]
extern crate self as bartizan;

// The protocol, and nothing but the protocol.
pub mod mcp;

// What walks the corridor, and the doors.
pub mod access;
pub mod approval;
pub mod audit;
pub mod classifier;
pub mod corridor;
pub mod exchange;
pub mod firewall;
pub mod flow;
pub mod gateway;
pub mod identity;
pub mod inspect;
pub mod label;
pub mod limits;
pub mod refusal;
pub mod relay;
pub mod schema;
pub mod settings;
pub mod shares;
pub mod spotlight;

// The far side, and what is offered of it.
pub mod catalog;
pub mod classes;
pub mod upstream;

// Around the corridor.
pub mod app;
pub mod bundle;
pub mod capture;
pub mod cli;
pub mod clients;
pub mod config;
pub mod demo;
pub mod doctor;
pub mod eval;
pub mod hex;
pub mod ids;
pub mod metrics;
pub mod net;
pub mod recent;
pub mod scan;
pub mod seal;
pub mod store;
pub mod transport;
