//! What the agent takes for an order, wherever it stands.

use std::sync::LazyLock;

use regex::Regex;

/// "send FILE to ADDRESS".
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Order {
    pub file: String,
    pub to: String,
}

static ORDER: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?i)send (?P<file>\S+) to (?P<to>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)";
    Regex::new(pattern).expect("the pattern is a constant that the tests compile")
});

impl Order {
    /// Every order in a text. Tag characters are read as the letters they spell, as models do.
    pub fn find(text: &str) -> Vec<Self> {
        let letters: String = text.chars().map(letter).collect();
        let orders = ORDER.captures_iter(&letters);
        orders.map(|it| Self { file: it["file"].to_owned(), to: it["to"].to_owned() }).collect()
    }
}

fn letter(c: char) -> char {
    let code = u32::from(c);
    match code {
        0xE_0020..=0xE_007E => char::from_u32(code - 0xE_0000).unwrap_or(c),
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::Order;
    use crate::demo::server::page;

    #[test]
    fn every_order_of_the_page_is_understood_the_unseen_one_too() {
        let mut addresses: Vec<String> =
            Order::find(&page()).into_iter().map(|order| order.to).collect();
        addresses.sort();
        assert_eq!(addresses, ["a@drop.example", "b@drop.example", "c@drop.example"]);
    }

    #[test]
    fn ordinary_prose_orders_nothing() {
        assert!(Order::find("Please send the report to Ana. I will send it to her.").is_empty());
    }
}
