//! Whether others may read the gateway's state or change what it obeys.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use super::{Check, Finding, Patient};

pub(super) const CHECK: Check = Check { name: "files", examine };

/// Write permission for group and others.
const WRITABLE: u32 = 0o022;
/// Any permission for group and others.
const OPEN: u32 = 0o077;

fn examine(patient: &Patient) -> Vec<Finding> {
    let config = &patient.config;
    let mut found = Vec::new();
    for path in [config.data_dir(), patient.journal()] {
        if let Some(mode) = mode(&path).filter(|mode| mode & OPEN != 0) {
            let what = format!("others may look into `{}` (mode {mode:04o})", path.display());
            found.push(Finding::weak(what, format!("chmod 700 {}", path.display())));
        }
    }
    let file = &config.file;
    let folders = [&file.access.policies, &file.firewall.rules].into_iter().flatten();
    let obeyed = folders.map(|folder| config.resolve(folder)).flat_map(with_files);
    for path in std::iter::once(config.path.clone()).chain(obeyed) {
        if let Some(mode) = mode(&path).filter(|mode| mode & WRITABLE != 0) {
            let what = format!("others may change `{}` (mode {mode:04o})", path.display());
            found.push(Finding::weak(what, format!("chmod go-w {}", path.display())));
        }
    }
    found
}

fn mode(path: &Path) -> Option<u32> {
    std::fs::metadata(path).ok().map(|it| it.permissions().mode() & 0o7777)
}

fn with_files(folder: PathBuf) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths.insert(0, folder);
    paths
}

#[cfg(test)]
mod tests {
    use super::examine;
    use crate::doctor::fixture::Ward;

    #[test]
    fn state_is_the_owners_alone_and_what_is_obeyed_is_not_for_others_to_change() {
        let config = "[access]\npolicies = \"policies\"\n";
        let tight = Ward::new(config);
        tight.chmod("policies", 0o755);
        tight.write("policies/a.cedar", "");
        assert_eq!(examine(&tight.patient()), []);

        let loose = Ward::new(config);
        loose.chmod("policies", 0o755);
        loose.write("policies/a.cedar", "");
        loose.chmod("policies/a.cedar", 0o666);
        loose.chmod("state", 0o750);
        loose.chmod("bartizan.toml", 0o660);
        let found = examine(&loose.patient());
        for (file, mend) in
            [("state", "chmod 700"), ("bartizan.toml", "chmod go-w"), ("a.cedar", "chmod go-w")]
        {
            let named = found.iter().any(|it| it.what.contains(file) && it.mend.starts_with(mend));
            assert!(named, "{file}: {found:?}");
        }
    }
}
