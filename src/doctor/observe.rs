//! Doors that only watch.

use super::{Check, Finding, Patient};
use crate::inspect::Mode;

pub(super) const CHECK: Check = Check { name: "observe", examine };

fn examine(patient: &Patient) -> Vec<Finding> {
    let file = &patient.config.file;
    let doors = &file.doors;
    let mut places = Vec::new();
    if file.mode == Some(Mode::Observe) {
        places.push("`mode`".to_owned());
    }
    for (name, mode) in [
        ("access", doors.access),
        ("limits", doors.limits),
        ("schema", doors.schema),
        ("firewall", doors.firewall),
        ("approval", doors.approval),
    ] {
        if mode == Mode::Observe {
            places.push(format!("`doors.{name}`"));
        }
    }
    if file.flow.mode == Mode::Observe {
        places.push("`flow.mode`".to_owned());
    }
    for (name, upstream) in &file.upstreams {
        if upstream.mode == Some(Mode::Observe) {
            places.push(format!("`upstreams.{name}.mode`"));
        }
    }
    let finding = |place: String| {
        let what = format!("{place} is `observe`: what it finds is recorded and passes");
        let mend = "look at `bartizan findings report`, then set it to `enforce`";
        Finding::weak(what, mend)
    };
    places.into_iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::examine;
    use crate::doctor::fixture::Ward;

    #[test]
    fn every_place_that_observes_is_named_and_none_else() {
        let config = "[doors]\nschema = \"observe\"\n[flow]\nmode = \"observe\"\n[upstreams.web]\nurl = \"http://x\"\n\
            mode = \"observe\"\n[upstreams.desk]\nurl = \"http://y\"\n";
        let found = examine(&Ward::new(config).patient());
        let places: Vec<&str> = found.iter().filter_map(|it| it.what.split('`').nth(1)).collect();
        assert_eq!(places, ["doors.schema", "flow.mode", "upstreams.web.mode"]);
        let all = examine(&Ward::new("mode = \"observe\"\n").patient());
        assert_eq!(all.len(), 1);
        assert!(examine(&Ward::new("").patient()).is_empty());
    }
}
