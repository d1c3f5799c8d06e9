//! Whether an inline style keeps its element from being seen.
//!
//! Sheets and their cascade are not read: only what stands in the `style` attribute.

/// Further than this from the edge is outside the window, in pixels.
const FAR: f64 = 400.0;
/// Type this small is not read, in pixels or points.
const TINY: f64 = 1.0;
/// Ink this thin is not seen.
const FAINT: f64 = 0.05;

/// Whether a person does not see what has this style.
pub(super) fn conceals(style: &str) -> bool {
    let plain: String =
        style.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
    let declared = |name: &str| {
        plain
            .split(';')
            .filter_map(|declaration| declaration.split_once(':'))
            .rfind(|(property, _)| *property == name)
            .map(|(_, value)| value.trim_end_matches("!important"))
    };
    let is = |name, values: &[&str]| declared(name).is_some_and(|value| values.contains(&value));
    let below = |name, limit: f64| declared(name).and_then(number).is_some_and(|n| n <= limit);
    is("display", &["none"])
        || is("visibility", &["hidden", "collapse"])
        || below("font-size", TINY) && !relative(declared("font-size"))
        || below("font-size", 0.0)
        || below("opacity", FAINT)
        || ["left", "top", "right", "bottom", "text-indent", "margin-left", "margin-top"]
            .iter()
            .any(|name| below(name, -FAR))
        || is("transform", &["scale(0)", "scale(0,0)"])
        || is("clip-path", &["inset(50%)", "inset(100%)", "circle(0)"])
        || declared("clip").is_some_and(|clip| clip.starts_with("rect(0"))
        || is("overflow", &["hidden"]) && (below("height", TINY) || below("width", TINY))
        || is_unseen_ink(declared("color"), declared("background-color").or(declared("background")))
}

/// The colour of the ground it stands on; white, where nothing is said.
fn is_unseen_ink(ink: Option<&str>, ground: Option<&str>) -> bool {
    let Some(ink) = ink else { return false };
    ink == "transparent" || ink.ends_with(",0)") || hue(ink) == hue(ground.unwrap_or("white"))
}

/// One way to write a colour.
pub(super) fn hue(colour: &str) -> String {
    let digits = colour.strip_prefix('#').map(|digits| match digits.len() {
        3 => digits.chars().flat_map(|digit| [digit, digit]).collect(),
        _ => digits.to_owned(),
    });
    let hue = digits.unwrap_or_else(|| colour.to_owned());
    match hue.as_str() {
        "white" | "rgb(255,255,255)" => "ffffff".to_owned(),
        "black" | "rgb(0,0,0)" => "000000".to_owned(),
        _ => hue,
    }
}

fn relative(value: Option<&str>) -> bool {
    value.is_some_and(|value| value.ends_with("em") || value.ends_with('%'))
}

fn number(value: &str) -> Option<f64> {
    let digits = |c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-'));
    value.get(..value.find(digits).unwrap_or(value.len()))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::conceals;

    #[test]
    fn what_nobody_sees_is_told_from_what_people_style() {
        let unseen = [
            "display: none",
            "Visibility:hidden !important",
            "font-size:0px",
            "font-size: 1px; color: red",
            "opacity: 0",
            "position:absolute; left:-9999px",
            "color:#fff;background:#ffffff",
            "color: white",
            "color: transparent",
            "height:0;overflow:hidden",
        ];
        for style in unseen {
            assert!(conceals(style), "{style}");
        }
        let seen = [
            "",
            "display:block",
            "font-size:0.9em",
            "font-size:12px",
            "opacity:0.8",
            "left:-4px",
            "color:white;background:#333",
            "color:#c00",
            "overflow:hidden",
        ];
        for style in seen {
            assert!(!conceals(style), "{style}");
        }
    }
}
