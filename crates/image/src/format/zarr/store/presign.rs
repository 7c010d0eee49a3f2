//! Addresses of objects that a signature opens: version 4 of Amazon's signatures, in the query.
//!
//! By hand, because the crate `rusty-s3` would bring 39 more crates to the 105 of this one, among
//! them a URL parser with Unicode's tables, for these seventy lines.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use super::escape;

/// How long an address opens, in seconds; each request has one of its own.
const LIFETIME_SECONDS: u32 = 3600;

/// Who asks.
pub(super) struct Credentials {
    pub(super) key_id: String,
    pub(super) secret: String,
    /// Of credentials that were lent for a time.
    pub(super) session: Option<String>,
}

/// Adds a signature for reading to the escaped address of an object, `SCHEME://HOST/PATH`.
///
/// `time` is the present as `YYYYMMDDTHHMMSSZ`.
pub(super) fn presigned(
    address: &str,
    credentials: &Credentials,
    region: &str,
    time: &str,
) -> String {
    signed_for(address, credentials, region, time, LIFETIME_SECONDS)
}

fn signed_for(
    address: &str,
    credentials: &Credentials,
    region: &str,
    time: &str,
    lifetime: u32,
) -> String {
    let (_, place) = address.split_once("://").unwrap_or(("", address));
    let (host, path) = place.split_once('/').unwrap_or((place, ""));
    let day = time.get(..8).unwrap_or(time);
    let scope = format!("{day}/{region}/s3/aws4_request");
    let credential = format!("{}/{scope}", credentials.key_id);
    let lifetime = lifetime.to_string();
    // In the order of their names, as the signature asks.
    let mut fields = vec![
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
        ("X-Amz-Credential", &credential),
        ("X-Amz-Date", time),
        ("X-Amz-Expires", &lifetime),
    ];
    if let Some(session) = &credentials.session {
        fields.push(("X-Amz-Security-Token", session));
    }
    fields.push(("X-Amz-SignedHeaders", "host"));
    let fields: Vec<String> = (fields.into_iter())
        .map(|(name, value)| format!("{name}={}", escape(value, b"")))
        .collect();
    let query = fields.join("&");
    let request = format!("GET\n/{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD");
    let digest = hexadecimal(&Sha256::digest(request.as_bytes()));
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{digest}");
    let secret = format!("AWS4{}", credentials.secret);
    let key = [day, region, "s3", "aws4_request", &text]
        .into_iter()
        .fold(secret.into_bytes(), |key, part| code(&key, part));
    format!("{address}?{query}&X-Amz-Signature={}", hexadecimal(&key))
}

fn code(key: &[u8], text: &str) -> Vec<u8> {
    let mut code = Hmac::<Sha256>::new_from_slice(key).expect("a key may have any length");
    code.update(text.as_bytes());
    code.finalize().into_bytes().to_vec()
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Amazon's documentation, "Authenticating Requests: Using Query Parameters".
    #[test]
    fn the_documented_example_has_the_documented_signature() {
        let credentials = Credentials {
            key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            session: None,
        };
        let found = signed_for(
            "https://examplebucket.s3.amazonaws.com/test.txt",
            &credentials,
            "us-east-1",
            "20130524T000000Z",
            86400,
        );
        assert_eq!(
            found,
            "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
             &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
             &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        );
    }

    #[test]
    fn lent_credentials_name_their_session() {
        let credentials = Credentials {
            key_id: "K".to_owned(),
            secret: "S".to_owned(),
            session: Some("a/b=".to_owned()),
        };
        let found = presigned(
            "http://localhost:9000/b/k",
            &credentials,
            "r",
            "20260101T000000Z",
        );
        assert!(found.contains("&X-Amz-Security-Token=a%2Fb%3D&X-Amz-SignedHeaders=host&"));
    }
}
