//! Bartizan: an MCP gateway with a content firewall.

pub mod identity;
pub mod mcp;
