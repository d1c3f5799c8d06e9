//! What kinds of HTML elements there are, as far as a reader sees them.

/// How an element stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    /// Letters before and after it are one word.
    Inline,
    /// It stands apart.
    Block,
    /// It stands apart and has no end tag.
    Void,
    /// Its content is not shown, and is text up to its end tag.
    Raw,
    /// Its content is not shown.
    Unseen,
}

/// The kind of the element of this name, in any case; `None` if HTML has none of this name.
pub(super) fn element(name: &str) -> Option<Element> {
    const LONGEST: usize = 12;
    let lower = name.get(..name.len().min(LONGEST + 1))?.to_ascii_lowercase();
    let place = ELEMENTS.binary_search_by_key(&lower.as_str(), |(name, _)| *name).ok()?;
    ELEMENTS.get(place).map(|(_, element)| *element)
}

const ELEMENTS: &[(&str, Element)] = {
    use Element::{Block, Inline, Raw, Unseen, Void};
    &[
        ("a", Inline),
        ("abbr", Inline),
        ("article", Block),
        ("aside", Block),
        ("b", Inline),
        ("big", Inline),
        ("blockquote", Block),
        ("body", Block),
        ("br", Void),
        ("button", Block),
        ("caption", Block),
        ("center", Block),
        ("cite", Inline),
        ("code", Inline),
        ("col", Void),
        ("dd", Block),
        ("del", Inline),
        ("details", Block),
        ("div", Block),
        ("dl", Block),
        ("dt", Block),
        ("em", Inline),
        ("embed", Void),
        ("figcaption", Block),
        ("figure", Block),
        ("font", Inline),
        ("footer", Block),
        ("form", Block),
        ("h1", Block),
        ("h2", Block),
        ("h3", Block),
        ("h4", Block),
        ("h5", Block),
        ("h6", Block),
        ("head", Block),
        ("header", Block),
        ("hr", Void),
        ("html", Block),
        ("i", Inline),
        ("iframe", Block),
        ("img", Void),
        ("input", Void),
        ("ins", Inline),
        ("kbd", Inline),
        ("label", Inline),
        ("li", Block),
        ("link", Void),
        ("main", Block),
        ("mark", Inline),
        ("meta", Void),
        ("nav", Block),
        ("noscript", Unseen),
        ("object", Block),
        ("ol", Block),
        ("option", Block),
        ("p", Block),
        ("pre", Block),
        ("q", Inline),
        ("s", Inline),
        ("samp", Inline),
        ("script", Raw),
        ("section", Block),
        ("select", Block),
        ("small", Inline),
        ("source", Void),
        ("span", Inline),
        ("strike", Inline),
        ("strong", Inline),
        ("style", Raw),
        ("sub", Inline),
        ("summary", Block),
        ("sup", Inline),
        ("svg", Block),
        ("table", Block),
        ("tbody", Block),
        ("td", Block),
        ("template", Unseen),
        ("textarea", Block),
        ("tfoot", Block),
        ("th", Block),
        ("thead", Block),
        ("title", Unseen),
        ("tr", Block),
        ("tt", Inline),
        ("u", Inline),
        ("ul", Block),
        ("var", Inline),
        ("video", Block),
        ("wbr", Void),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_sorted_and_found_in_any_case() {
        assert!(ELEMENTS.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(element("DiV"), Some(Element::Block));
        assert_eq!(element("important"), None);
    }
}
