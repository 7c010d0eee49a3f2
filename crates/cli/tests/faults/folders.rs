//! Output folders that cannot be written.

use crate::study::Study;

/// What `train` and `predict` say of one output folder.
fn two_commands(study: &Study, folder: &str) -> String {
    let predict = [
        "predict",
        "--model",
        "run/model",
        "--input",
        "images",
        "--output",
        folder,
    ];
    let commands: [&[&str]; 2] = [&["train", "run.yaml", "--out", folder], &predict];
    commands
        .map(|command| format!("{}: {}", command[0], study.fault(command)))
        .join("\n")
}

#[test]
fn a_file_in_the_way() {
    let study = Study::trained();
    study.write("notes.txt", "mine");
    insta::assert_snapshot!(two_commands(&study, "notes.txt"), @"
    train: exit 2
    error: cannot create the folder `notes.txt`: a part of the path is not a folder

    hint: choose another output folder: `notes.txt` is a file

    predict: exit 2
    error: cannot create the folder `notes.txt`: there is a file of this name

    hint: choose another output folder: `notes.txt` is a file
    ");
    insta::assert_snapshot!(two_commands(&study, "notes.txt/out"), @"
    train: exit 2
    error: cannot create the folder `notes.txt/out`: a part of the path is not a folder

    hint: choose another output folder: `notes.txt` is a file

    predict: exit 2
    error: cannot create the folder `notes.txt/out`: a part of the path is not a folder

    hint: choose another output folder: `notes.txt` is a file
    ");
    assert_eq!(study.read("notes.txt"), b"mine");
}

#[test]
fn a_folder_that_holds_a_run() {
    let study = Study::trained();
    let before = study.contents("run");
    insta::assert_snapshot!(study.fault(&["train", "run.yaml"]), @"
    exit 2
    error: `run` already holds a training run

    hint: continue it with `--resume`, or choose another folder with `--out`
    ");
    assert_eq!(study.contents("run"), before);

    // Also without its checkpoints it is a run that took its time.
    std::fs::remove_dir_all(study.path("run/checkpoints")).unwrap();
    let before = study.contents("run");
    insta::assert_snapshot!(study.fault(&["train", "run.yaml"]), @"
    exit 2
    error: `run` already holds a training run

    hint: continue it with `--resume`, or choose another folder with `--out`
    ");
    assert_eq!(study.contents("run"), before);
}

#[test]
fn a_config_of_the_name_that_the_run_uses_stays_as_it_is() {
    let study = Study::new();
    let mine = format!(
        "# my remarks\n{}",
        String::from_utf8(study.read("run.yaml")).unwrap()
    );
    study.write("config.yaml", &mine);
    insta::assert_snapshot!(study.fault(&["train", "config.yaml", "--out", "."]), @"
    exit 2
    error: `./config.yaml` is not the config of a run, and the run would replace it

    hint: choose another folder with `--out`, or move the file
    ");
    assert_eq!(study.read("config.yaml"), mine.as_bytes());
}

#[cfg(target_os = "linux")]
mod mounted {
    //! Disks in a mount namespace of the test's own, which vanish with it.

    use std::process::Command;

    use super::Study;

    /// Runs the command with a disk of `options` at the folder `disk`; `None` where this user may
    /// not mount.
    fn on_disk(study: &Study, options: &str, before: &str, arguments: &[&str]) -> Option<String> {
        study.folder("disk");
        let script = format!(
            "mount -t tmpfs -o {options} tmpfs disk || exit 99\n{before}\n\
             \"$0\" \"$@\"; code=$?\necho \"exit $code\"\nfind disk -type f | sort\nexit 0"
        );
        let output = Command::new("unshare")
            .args(["--map-root-user", "--mount", "sh", "-c", &script])
            .arg(crate::command::PROGRAM)
            .args(arguments)
            .current_dir(study.path("."))
            .env_remove("COVERSLIP_THREADS")
            .output()
            .ok()?;
        if !output.status.success() {
            return None;
        }
        let said = format!(
            "{}--- standard output\n{}",
            String::from_utf8(output.stderr).unwrap(),
            String::from_utf8(output.stdout).unwrap()
        );
        Some(crate::study::without_numbers(&said))
    }

    #[test]
    fn a_read_only_disk() {
        let study = Study::trained();
        let Some(train) = on_disk(
            &study,
            "ro",
            "",
            &["train", "run.yaml", "--out", "disk/run"],
        ) else {
            return;
        };
        insta::assert_snapshot!(train, @"
        error: cannot create the folder `disk/run`: the disk is read-only

        hint: choose another output folder, or get the permissions of `disk` changed
        --- standard output
        exit 2
        ");
        let predict = [
            "predict",
            "--model",
            "run/model",
            "--input",
            "images",
            "--output",
        ];
        let into_root = on_disk(&study, "ro", "", &[&predict[..], &["disk"]].concat()).unwrap();
        insta::assert_snapshot!(into_root, @"
        error: cannot write `disk/a.tif`: the disk is read-only

        hint: choose another folder, or get the permissions of `disk` changed
        --- standard output
        exit 2
        ");
        let below = on_disk(&study, "ro", "", &[&predict[..], &["disk/out"]].concat()).unwrap();
        insta::assert_snapshot!(below, @"
        error: cannot create the folder `disk/out`: the disk is read-only

        hint: choose another output folder, or get the permissions of `disk` changed
        --- standard output
        exit 2
        ");
    }

    #[test]
    fn a_full_disk() {
        let study = Study::trained();
        let fill = "head -c 20000 /dev/zero > disk/other";
        let Some(train) = on_disk(
            &study,
            "size=28k",
            fill,
            &["train", "run.yaml", "--out", "disk/run"],
        ) else {
            return;
        };
        insta::assert_snapshot!(train, @"
        images: 2 to train on, 1 to validate on
        error: cannot write `disk/run/checkpoints/best.safetensors`: the disk is full

        hint: free some space on the disk of `disk/run/checkpoints`, or choose an output folder on another disk
        --- standard output
        exit 2
        disk/other
        disk/run/config.yaml
        ");
        let fill = "cat /dev/zero > disk/other 2>&-";
        let predict = [
            "predict",
            "--model",
            "run/model",
            "--input",
            "images",
            "--output",
            "disk",
        ];
        insta::assert_snapshot!(on_disk(&study, "size=28k", fill, &predict).unwrap(), @"
        error: cannot write `disk/a.tif`: the disk is full

        hint: free some space on the disk of `disk`, or choose a folder on another disk
        --- standard output
        exit 2
        disk/other
        ");
    }
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written() {
    use std::os::unix::fs::PermissionsExt;

    let study = Study::trained();
    study.folder("locked");
    let lock = |mode| {
        std::fs::set_permissions(study.path("locked"), PermissionsExt::from_mode(mode)).unwrap();
    };
    lock(0o555);
    // Permissions do not bind root.
    if std::fs::write(study.path("locked/probe"), "").is_ok() {
        return;
    }
    insta::assert_snapshot!(two_commands(&study, "locked"), @"
    train: exit 2
    error: cannot write into `locked`: permission denied

    hint: choose another output folder, or get the permissions of `locked` changed

    predict: exit 2
    error: cannot write `locked/a.tif`: permission denied

    hint: choose another folder, or get the permissions of `locked` changed
    ");
    lock(0o755);
}
