//! Takes the script that draws charts, Apache ECharts, out of the files of the crate `charming`, and packs it into
//! `OUT_DIR` for `src/html/asset.rs`. So the script is in nobody's tree, comes through the registry like all other
//! dependencies, and needs no network of its own.

#[cfg(feature = "server")]
mod charts {
    use std::env::var;
    use std::error::Error;
    use std::fs;
    use std::io::Write;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    /// Where the crate has it.
    const SCRIPT: &str = "src/asset/echarts-5.5.1.min.js";
    /// BLAKE3 of the official release of 5.5.1, `dist/echarts.min.js`, whose SHA-256 is
    /// `e84270bd0cd5bdf60fefc26d00c2a391cb2e81f4d26a7a9ee16185a54773a3cf`.
    const SCRIPT_HASH: &str = "7028194ea6f36ee8b3d9b739352920f72fcfa3df6b718d1a1e97a00da63a9637";

    type Outcome<T> = Result<T, Box<dyn Error>>;

    /// Packs the script.
    pub fn pack() -> Outcome<()> {
        let path = directory()?.join(SCRIPT);
        println!("cargo::rerun-if-changed={}", path.display());
        let script = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let hash = blake3::hash(&script).to_hex();
        if hash.as_str() != SCRIPT_HASH {
            return Err(format!("{} is not the script that was expected: its BLAKE3 is {hash}", path.display()).into());
        }
        let packed = fs::File::create(Path::new(&var("OUT_DIR")?).join("echarts.js.gz"))?;
        let mut packer = flate2::write::GzEncoder::new(packed, flate2::Compression::best());
        packer.write_all(&script)?;
        packer.finish()?;
        Ok(())
    }

    /// The directory of the crate.
    fn directory() -> Outcome<PathBuf> {
        let own = PathBuf::from(var("CARGO_MANIFEST_DIR")?);
        // As a dependency of another package, this one lies beside the crate, and its own lock file says nothing.
        let beside = ["charming-0.6.0", "charming"].map(|name| own.with_file_name(name));
        if let Some(found) = beside.into_iter().find(|directory| directory.join(SCRIPT).is_file()) {
            return Ok(found);
        }
        let mut cargo = Command::new(var("CARGO")?);
        cargo.args(["metadata", "--format-version", "1", "--offline", "--filter-platform", &var("TARGET")?]);
        let output = cargo.current_dir(own).output()?;
        if !output.status.success() {
            return Err(format!("`cargo metadata` failed: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let manifest = packages.iter().find(|package| package["name"] == "charming");
        let manifest = manifest.and_then(|package| package["manifest_path"].as_str());
        let directory = manifest.and_then(|path| Path::new(path).parent());
        Ok(directory.ok_or("the crate `charming` is not among the dependencies")?.to_owned())
    }
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "server")]
    if let Err(error) = charts::pack() {
        println!("cargo::error=the script that draws charts cannot be had: {error}");
    }
}
