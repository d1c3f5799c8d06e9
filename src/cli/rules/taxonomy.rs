//! The entries of the public taxonomies that rules name in their tags.
//!
//! Sources: OWASP Top 10 for LLM Applications 2025, OWASP Top 10 for Agentic Applications 2026, OWASP
//! MCP Top 10 (beta), MITRE ATLAS 5.6.0, SAFE-MCP. Of the last two, those that a text can show.

/// A taxonomy and its entries.
pub(super) struct Taxonomy {
    pub(super) title: &'static str,
    /// What its tags begin with.
    pub(super) prefix: &'static str,
    pub(super) entries: &'static [(&'static str, &'static str)],
}

pub(super) const TAXONOMIES: [Taxonomy; 5] = [
    Taxonomy { title: "OWASP LLM 2025", prefix: "owasp-llm:", entries: &LLM },
    Taxonomy { title: "OWASP Agentic 2026", prefix: "owasp-asi:", entries: &ASI },
    Taxonomy { title: "OWASP MCP", prefix: "owasp-mcp:", entries: &MCP },
    Taxonomy { title: "MITRE ATLAS", prefix: "atlas:", entries: &ATLAS },
    Taxonomy { title: "SAFE-MCP", prefix: "safe-mcp:", entries: &SAFE },
];

const LLM: [(&str, &str); 10] = [
    ("LLM01", "Prompt Injection"),
    ("LLM02", "Sensitive Information Disclosure"),
    ("LLM03", "Supply Chain"),
    ("LLM04", "Data and Model Poisoning"),
    ("LLM05", "Improper Output Handling"),
    ("LLM06", "Excessive Agency"),
    ("LLM07", "System Prompt Leakage"),
    ("LLM08", "Vector and Embedding Weaknesses"),
    ("LLM09", "Misinformation"),
    ("LLM10", "Unbounded Consumption"),
];

const ASI: [(&str, &str); 10] = [
    ("ASI01", "Agent Goal Hijack"),
    ("ASI02", "Tool Misuse and Exploitation"),
    ("ASI03", "Identity and Privilege Abuse"),
    ("ASI04", "Agentic Supply Chain"),
    ("ASI05", "Unexpected Code Execution"),
    ("ASI06", "Memory and Context Poisoning"),
    ("ASI07", "Insecure Inter-Agent Communication"),
    ("ASI08", "Cascading Failures"),
    ("ASI09", "Human-Agent Trust Exploitation"),
    ("ASI10", "Rogue Agents"),
];

const MCP: [(&str, &str); 10] = [
    ("MCP01", "Token Mismanagement and Secret Exposure"),
    ("MCP02", "Privilege Escalation via Scope Creep"),
    ("MCP03", "Tool Poisoning"),
    ("MCP04", "Supply Chain and Dependency Tampering"),
    ("MCP05", "Command Injection and Execution"),
    ("MCP06", "Intent Flow Subversion"),
    ("MCP07", "Insufficient Authentication and Authorization"),
    ("MCP08", "Lack of Audit and Telemetry"),
    ("MCP09", "Shadow MCP Servers"),
    ("MCP10", "Context Injection and Over-Sharing"),
];

const ATLAS: [(&str, &str); 20] = [
    ("AML.T0051.000", "Prompt Injection: Direct"),
    ("AML.T0051.001", "Prompt Injection: Indirect"),
    ("AML.T0051.002", "Prompt Injection: Triggered"),
    ("AML.T0053", "AI Agent Tool Invocation"),
    ("AML.T0054", "Jailbreak"),
    ("AML.T0055", "Unsecured Credentials"),
    ("AML.T0056", "Extract System Prompt"),
    ("AML.T0057", "Data Leakage"),
    ("AML.T0061", "Self-Replication"),
    ("AML.T0068", "Prompt Obfuscation"),
    ("AML.T0077", "Response Rendering"),
    ("AML.T0080", "Context Poisoning"),
    ("AML.T0081", "Modify Agent Configuration"),
    ("AML.T0083", "Credentials from Agent Configuration"),
    ("AML.T0086", "Exfiltration via Tool Invocation"),
    ("AML.T0092", "Manipulate Chat History"),
    ("AML.T0094", "Delay Execution"),
    ("AML.T0101", "Data Destruction via Tool"),
    ("AML.T0105", "Escape to Host"),
    ("AML.T0110", "Tool Poisoning"),
];

const SAFE: [(&str, &str); 21] = [
    ("SAFE-T1001", "Tool Poisoning"),
    ("SAFE-T1004", "Impersonation and Name Collision"),
    ("SAFE-T1008", "Tool Shadowing"),
    ("SAFE-T1101", "Command Injection"),
    ("SAFE-T1102", "Prompt Injection"),
    ("SAFE-T1103", "Fake Tool Invocation"),
    ("SAFE-T1105", "Path Traversal"),
    ("SAFE-T1204", "Memory Implant"),
    ("SAFE-T1301", "Cross-Server Shadowing"),
    ("SAFE-T1309", "Privileged Invocation by Prompt"),
    ("SAFE-T1401", "Line Jumping"),
    ("SAFE-T1402", "Steganography"),
    ("SAFE-T1404", "Response Tampering"),
    ("SAFE-T1501", "Full-Schema Poisoning"),
    ("SAFE-T1502", "File Harvest"),
    ("SAFE-T1503", "Environment Harvest"),
    ("SAFE-T1603", "System Prompt Disclosure"),
    ("SAFE-T1911", "Parameter Exfiltration"),
    ("SAFE-T1912", "Steganographic Exfiltration"),
    ("SAFE-T1913", "HTTP POST Exfiltration"),
    ("SAFE-T2101", "Destruction"),
];
