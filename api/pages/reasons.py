"""Why a recording was refused or alarms, in words that say what to do. Keys are the codes on the row; values are message ids."""

from typing import Final

from api.locale.marks import N_

REASONS: Final[dict[str, str]] = {
    "size-differs": N_("The store holds another number of bytes than was announced. Send the file again."),
    "sha256-differs": N_("The bytes that arrived are not those of your file. Send it again."),
    "truncated": N_("The file claims to be longer than it is: it was cut off on its way out of the recorder. Export it again and send the new file."),
    "media-empty": N_("The file is empty. Export it again."),
    "media-not-a-video": N_("This is not a video. Choose the recorder's export."),
    "media-unsupported-container": N_("This container format is not read. Export as MP4, MKV, TS, PS or AVI."),
    "media-truncated-no-index": N_("The end of the file, with its index, is missing. Export it again and wait until the recorder has finished."),
    "media-damaged": N_("The file's structure contradicts itself. Export it again."),
    "media-no-video-stream": N_("There is sound but no picture in this file."),
    "media-no-program-stream-map": N_("The recorder's export does not say what it holds. Export as MP4."),
    "media-unsupported-codec": N_("The picture is coded in a way that is not read. Set the recorder to H.264 or H.265."),
    "media-too-many-streams": N_("The file holds too many streams. Export one camera at a time."),
    "media-picture-too-large": N_("The picture is larger than 40 million pixels."),
    "media-decode-failed": N_("The pictures cannot be decoded. Export the file again."),
    "media-hostile": N_("Reading the file exceeded the limits of time or memory. If it is an honest export, ask the bureau for help."),
    "two-people-agreed": N_("Two people of the bureau agreed; every version was deleted and read back as gone."),
    "held-by-a-matter": N_("A matter holds it."),
    "kept-longer": N_("Its class ended, or was paid for, later: it is kept longer."),
    "version-missing": N_("The store no longer has this version. The bureau has been alarmed."),
    "bytes-unreadable": N_("The store has this version and can no longer read its bytes. The bureau has been alarmed."),
    "stored-hash-mismatch": N_("The stored bytes no longer match their hash. The bureau has been alarmed."),
    "lock-missing-or-shortened": N_("The lock is missing or shorter than recorded. The bureau has been alarmed."),
}
