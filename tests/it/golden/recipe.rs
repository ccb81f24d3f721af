//! Builds a store from a recipe: input lines, and steps between them. `format-spec/golden/v1/README.md` says what
//! each step does.

use super::readings::reading;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use trackcrumb::files::sim::SimDisk;
use trackcrumb::input::parse_line;
use trackcrumb::log::ImportRecord;
use trackcrumb::model::{GroupType, Line, Timestamp};
use trackcrumb::store::{BatchKey, FixedEnvironment, Options, Store};

/// The log of a store that was never sealed or recovered.
const FIRST_LOG: &str = "log-00000001";

/// A store in the making.
struct Build {
    disk: SimDisk,
    store: Store,
    /// Input lines that wait for the next `write`, as they stand in the recipe.
    texts: String,
    lines: Vec<Line>,
    /// How far the import got: everything written by steps with `"import": true`.
    imported: String,
    import: Option<ImportRecord>,
}

/// The files that a recipe gives, by name; the lock aside, which holds nothing of the store.
pub fn build(recipe: &str) -> BTreeMap<String, Vec<u8>> {
    let mut steps = recipe.lines();
    let open: Value = serde_json::from_str(steps.next().unwrap()).unwrap();
    assert_eq!(open["step"], "open");
    let now = Timestamp::parse(open["now"].as_str().unwrap()).unwrap();
    let disk = SimDisk::new();
    let environment = Arc::new(FixedEnvironment::new(now));
    let store = Store::open_storage(Arc::new(disk.clone()), environment, Options::default()).unwrap();
    let mut build =
        Build { disk, store, texts: String::new(), lines: Vec::new(), imported: String::new(), import: None };
    for text in steps {
        let step: Value = serde_json::from_str(text).unwrap();
        match step["step"].as_str() {
            None => build.line(text),
            Some("readings") => {
                (0..step["count"].as_i64().unwrap()).for_each(|i| build.line(&reading(i)));
            }
            Some("write") => build.write(&step),
            Some("declare") => {
                let group_type = GroupType::new(step["group_type"].as_str().unwrap()).unwrap();
                build.store.declare_group_type(&group_type, step["name"].as_str().unwrap()).unwrap();
            }
            Some("only_declared") => build.store.set_only_declared(step["on"].as_bool().unwrap()).unwrap(),
            Some("delete_users") => drop(build.store.delete_users(&texts(&step["ids"])).unwrap()),
            Some("delete_keys") => {
                let group_type = step["group_type"].as_str().unwrap();
                drop(build.store.delete_keys(group_type, &texts(&step["keys"])).unwrap());
            }
            Some("expire") => drop(build.store.expire(days(&step)).unwrap()),
            Some("keep") => build.store.set_keep_days(Some(days(&step))).unwrap(),
            Some("timezone") => build.store.set_timezone(step["name"].as_str().unwrap()).unwrap(),
            Some("seal") => build.store.seal().unwrap(),
            Some("close") => {
                build.store.close().unwrap();
                return files(&build.disk);
            }
            Some("kill") => {
                let killed = build.disk.kill_image();
                let length = killed.contents(FIRST_LOG).unwrap().len() as u64;
                killed.truncate(FIRST_LOG, length - step["cut"].as_u64().unwrap());
                return files(&killed);
            }
            Some(other) => panic!("there is no step `{other}`"),
        }
    }
    panic!("a recipe ends with `close` or `kill`");
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// The key of a batch that was sent as these lines.
pub fn batch_key(key: &str, texts: &str) -> BatchKey {
    BatchKey::new(key.as_bytes(), "/v1/batch", texts.as_bytes())
}

fn days(step: &Value) -> u32 {
    step["days"].as_u64().unwrap() as u32
}

impl Build {
    fn line(&mut self, text: &str) {
        self.lines.push(parse_line(text.as_bytes()).unwrap());
        self.texts.push_str(text);
        self.texts.push('\n');
    }

    fn write(&mut self, step: &Value) {
        let (lines, texts) = (std::mem::take(&mut self.lines), std::mem::take(&mut self.texts));
        let import = step["import"].as_bool().unwrap_or(false).then(|| self.advance_import(&texts));
        let written = match step["key"].as_str() {
            Some(key) => self.store.write_once(lines, &batch_key(key, &texts)).unwrap(),
            None => self.store.write_import(lines, import, false).unwrap(),
        };
        assert_eq!(written.accepted, step["accepted"], "{step}");
        assert_eq!(written.duplicate, step["duplicate"], "{step}");
    }

    /// The import gets on by these lines.
    fn advance_import(&mut self, texts: &str) -> ImportRecord {
        self.imported.push_str(texts);
        let digest = *blake3::hash(self.imported.as_bytes()).as_bytes();
        let before = self.import;
        let import = ImportRecord {
            head_bytes: before.map_or(texts.len() as u64, |before| before.head_bytes),
            head: before.map_or(digest, |before| before.head),
            bytes: self.imported.len() as u64,
            lines: self.imported.lines().count() as u64,
            digest,
            continues: before.map_or([0; 32], |before| before.digest),
        };
        self.import = Some(import);
        import
    }
}

/// Everything on the disk but the lock.
pub fn files(disk: &SimDisk) -> BTreeMap<String, Vec<u8>> {
    let names = disk.names().into_iter().filter(|name| name != "LOCK");
    names.map(|name| (name.clone(), disk.contents(&name).unwrap().to_vec())).collect()
}
