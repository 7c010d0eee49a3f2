//! The tests of the test: small made-up repositories, right and wrong ones.

use std::fs;

use tempfile::TempDir;

use crate::{documents, order, picture};

const PAGE: &str = "\
| `crates/front` | `front` | what people see | `back` |
| `crates/back` | `back` | the rest | |

```text
crates/
  front/       what people see
    show.rs    pictures
  back/        the rest
    upper/     the upper
      detail.rs
    lower.rs   the lower
```
";

/// A repository of two crates that PAGE shows, with files replaced or added.
fn repository(changes: &[(&str, &str)]) -> TempDir {
    let files = [
        ("docs/architecture.md", PAGE),
        (
            "README.md",
            "See `crates/back`, `a b` and `docs/architecture.md`.",
        ),
        ("CONTRIBUTING.md", ""),
        (
            "crates/front/Cargo.toml",
            "name = \"front\"\n[dependencies]\nback.workspace = true\n",
        ),
        ("crates/front/src/lib.rs", "mod show;"),
        ("crates/front/src/show.rs", "use back::upper;"),
        ("crates/back/Cargo.toml", "name = \"back\"\n"),
        (
            "crates/back/src/lib.rs",
            "mod lower; mod upper; pub use upper::detail::{Detail, Other};",
        ),
        ("crates/back/src/upper.rs", "use crate::lower::Low;"),
        (
            "crates/back/src/upper/detail.rs",
            "use super::super::lower; use super::sibling;",
        ),
        ("crates/back/src/lower.rs", ""),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files.iter().chain(changes) {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn breaches(changes: &[(&str, &str)]) -> Vec<String> {
    let folder = repository(changes);
    let root = folder.path();
    let picture = picture::of(root);
    let mut breaches = order::strangers(root, &picture);
    breaches.extend(order::upward_imports(root, &picture));
    breaches.extend(order::wrong_uses(root, &picture));
    breaches.extend(documents::missing_paths(root));
    breaches
}

fn in_lower(code: &str) -> Vec<String> {
    breaches(&[("crates/back/src/lower.rs", code)])
}

#[test]
fn a_tree_in_order_is_right() {
    assert_eq!(breaches(&[]), Vec::<String>::new());
}

#[test]
fn a_circle_is_found_however_it_is_written() {
    let expected = "crates/back/src/lower.rs: `lower` uses `upper`, which stands above it in \
                    docs/architecture.md";
    for code in [
        "use crate::upper::Up;",
        "use crate::{a, lower::{x, y}, upper::{self}};",
        "use super::upper::Up;",
        "use super::{\n    upper,\n};",
        "use crate::Detail;",
        "fn f<'a>() -> &'a str { crate::upper::f('\"', r#\"\"\"#) }",
        "#[cfg(test)]\nmod tests;\nuse crate::upper::Up;",
        "#[cfg(test)]\nmod tests { fn f() { \"}\"; } }\nuse crate::upper::Up;",
    ] {
        assert_eq!(in_lower(code), [expected], "{code}");
    }
    let below = ("crates/back/src/lower/deep.rs", "use super::super::upper;");
    assert_eq!(breaches(&[below]).len(), 1);
}

#[test]
fn prose_and_tests_may_name_what_they_like() {
    for code in [
        "//! See [`crate::upper`].\n/* crate::upper::f */",
        "const TEXT: &str = \"crate::upper \\\" crate::upper\";",
        "#[cfg(test)]\nmod tests { use crate::upper::Up; }",
        "#[cfg(test)]\nuse crate::upper::{Up, Down};",
        "use some_crate::upper; use crate::lower::upper;",
    ] {
        assert_eq!(in_lower(code), Vec::<String>::new(), "{code}");
    }
}

#[test]
fn what_the_picture_lacks_or_makes_up_is_found() {
    let added = breaches(&[("crates/back/src/new.rs", "")]);
    assert_eq!(added, ["crates/back/src/new is missing in the picture"]);
    let page = PAGE.replace("detail.rs", "gone.rs");
    let gone = breaches(&[("docs/architecture.md", &page)]);
    assert_eq!(
        gone,
        ["crates/back/src/upper/gone.rs is in the picture but does not exist"]
    );
}

#[test]
fn crates_are_held_to_the_table() {
    let manifest = "name = \"back\"\n[dev-dependencies]\nfront = { path = \"../front\" }\n";
    assert_eq!(
        breaches(&[("crates/back/Cargo.toml", manifest)]),
        [
            "back uses front, which stands above it",
            "back uses [\"front\"], the table says []"
        ]
    );
}

#[test]
fn a_page_that_names_what_is_gone_is_found() {
    assert_eq!(
        breaches(&[("README.md", "Read `crates/back/src/gone.rs`.")]),
        ["README.md names `crates/back/src/gone.rs`, which does not exist"]
    );
}
