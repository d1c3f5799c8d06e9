//! The protocol, and nothing but the protocol. A typed view never replaces the message.

pub mod bridge;
pub mod client;
pub mod header;
pub mod json;
pub mod method;
pub mod revision;
pub mod rpc;
pub mod sse;

#[cfg(test)]
mod seeds;

pub use client::ClientInfo;
pub use json::{Json, Object};
pub use method::Method;
pub use revision::{Era, Revision};
pub use rpc::{Id, Message, Notification, Request, Response, RpcError};
