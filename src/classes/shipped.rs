//! The files that are part of the program, by the name of their entry.

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../../rulesets/classes/", $name, ".toml")))),+]
    };
}

pub(super) const FILES: [(&str, &str); 39] = files![
    "atlassian",
    "aws-docs",
    "azure",
    "brave-search",
    "chrome-devtools",
    "cloudflare",
    "context7",
    "desktop-commander",
    "docker",
    "everything",
    "exa",
    "fetch",
    "figma",
    "filesystem",
    "firecrawl",
    "git",
    "github",
    "gitlab",
    "gmail",
    "google-drive",
    "google-maps",
    "kubernetes",
    "linear",
    "memory",
    "mongodb",
    "notion",
    "obsidian",
    "playwright",
    "postgres",
    "puppeteer",
    "redis",
    "sentry",
    "sequential-thinking",
    "slack",
    "sqlite",
    "stripe",
    "supabase",
    "tavily",
    "time",
];
