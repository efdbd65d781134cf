"""Inputs, names of results, and pairs."""

from __future__ import annotations

from pathlib import Path

import pytest

from restore.cli.files import by_name, expand, mask_for
from restore.cli.outputs import LOSSLESS, plan
from restore.errors import InputError, UsageError


@pytest.fixture(autouse=True)
def tree(tmp_path, monkeypatch):
    """Files of no content: names are all that matters here."""
    names = """
        photos/b.png photos/a.JPG photos/notes.txt photos/.hidden.png photos/a.mask.png photos/deep/c.tif
        photos/deep/b.png photos/.git/d.png other/a.png weird/[1]*.png empty/readme.md
    """
    for name in names.split():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def outputs(inputs, output, *, recursive=False, **options):
    found = expand(inputs, recursive=recursive, leave_out=Path(output))
    return [job.output.as_posix() for job in plan(found, output, **options).jobs]


def found(*inputs, **options):
    return [item.path.as_posix() for item in expand(inputs, **options)]


class TestExpand:
    def test_folder_gives_its_images_sorted_without_masks_and_hidden_files(self):
        assert found("photos") == ["photos/a.JPG", "photos/b.png"]

    def test_recursive_folder_keeps_the_tree(self):
        items = expand(["photos"], recursive=True)
        assert [i.relative.as_posix() for i in items] == ["a.JPG", "b.png", "deep/b.png", "deep/c.tif"]

    def test_folder_of_results_is_no_source(self):
        assert found("photos", recursive=True, leave_out=Path("photos/deep")) == [
            "photos/a.JPG",
            "photos/b.png",
        ]

    def test_pattern(self):
        assert found("photos/*.png") == ["photos/b.png"]

    def test_deep_pattern_keeps_the_tree_below_its_fixed_part(self):
        items = expand(["photos/**/*.png"])
        assert [i.relative.as_posix() for i in items] == ["b.png", "deep/b.png"]

    def test_absolute_pattern(self, tree):
        assert found(f"{tree}/photos/b.*") == [f"{tree.as_posix()}/photos/b.png"]

    def test_a_file_whose_name_looks_like_a_pattern_is_that_file(self):
        assert found("weird/[1]*.png") == ["weird/[1]*.png"]

    def test_a_named_file_may_be_absent_so_that_the_batch_can_tell_it(self):
        assert found("gone.png", "photos/notes.txt") == ["gone.png", "photos/notes.txt"]

    def test_each_file_once(self):
        assert found("photos/b.png", "photos", "./photos/b.png") == ["photos/b.png", "photos/a.JPG"]

    def test_folder_without_images(self):
        with pytest.raises(InputError, match="empty holds no images"):
            expand(["empty"])

    def test_folder_with_images_further_down_says_so(self, tree):
        (tree / "empty" / "below").mkdir()
        with pytest.raises(InputError, match="--recursive"):
            expand(["empty"])

    def test_pattern_without_match(self):
        with pytest.raises(InputError, match=r"no image matches photos/\*\.webp"):
            expand(["photos/*.webp"])


class TestNames:
    def test_one_file_into_a_file(self):
        assert outputs(["photos/b.png"], "out.tif") == ["out.tif"]

    @pytest.mark.parametrize("folder", ["results", "results/", "other", "v1.png/"])
    def test_one_file_into_a_folder(self, folder):
        assert outputs(["photos/b.png"], folder) == [f"{folder.rstrip('/')}/b.png"]

    def test_tree_suffix_and_format(self):
        assert outputs(["photos"], "out", recursive=True, suffix="-x4", extension="tif") == [
            "out/a-x4.tif",
            "out/b-x4.tif",
            "out/deep/b-x4.tif",
            "out/deep/c-x4.tif",
        ]

    def test_formats_are_kept_if_they_can_be_written(self, tree):
        (tree / "photos/d.gif").touch()
        assert outputs(["photos"], "out") == ["out/a.JPG", "out/b.png", "out/d.png"]

    def test_lossless_formats_only(self):
        assert outputs(["photos"], "out", keep=LOSSLESS) == ["out/a.png", "out/b.png"]

    def test_a_folder_with_a_dot_in_its_name(self):
        assert outputs(["photos"], "results-1.2") == ["results-1.2/a.JPG", "results-1.2/b.png"]

    def test_results_of_an_earlier_run_beside_the_inputs_are_no_inputs(self, tree):
        (tree / "photos/b-x4.png").touch()
        assert outputs(["photos"], "photos", suffix="-x4") == ["photos/a-x4.JPG", "photos/b-x4.png"]


class TestRefusals:
    def refuse(self, pattern, *arguments, **options):
        with pytest.raises(UsageError, match=pattern):
            outputs(*arguments, **options)

    def test_several_inputs_for_one_file(self):
        self.refuse("out.png is one file", ["photos/a.JPG", "photos/b.png"], "out.png")
        self.refuse("out.png is one file", ["photos"], "out.png")

    def test_an_existing_file_for_several_inputs(self):
        self.refuse("readme.md is one file", ["photos"], "empty/readme.md")

    def test_two_inputs_with_one_result(self):
        self.refuse("would both become out/b.png", ["photos/b.png", "photos/deep/b.png"], "out")
        self.refuse("would both become out/a.png", ["photos/a.JPG", "other/a.png"], "out", extension="png")

    def test_two_inputs_with_one_file_beside_their_results(self, tree):
        def mask(result):
            return [result.with_name(f"{result.stem}.mask.png")]

        (tree / "photos/a.tif").touch()
        (tree / "photos/b.mask.png").touch()
        assert outputs(["photos"], "out") == ["out/a.JPG", "out/a.tif", "out/b.png"]
        self.refuse("a.JPG and photos/a.tif would both write out/a.mask.png", ["photos"], "out", beside=mask)
        both = ["photos/b.mask.png", "photos/b.png"]
        self.refuse("b.mask.png and photos/b.png would both write out/b.mask.png", both, "out", beside=mask)
        self.refuse("would both become out/b.mask.png", both[::-1], "out", beside=mask)
        assert outputs(["photos/a.tif", "photos/b.png"], "out", beside=mask) == ["out/a.tif", "out/b.png"]

    def test_a_file_beside_a_result_that_replaces_an_input_is_refused_even_with_overwrite(self):
        def mask(result):
            return [result.with_name(f"{result.stem}.mask.png")]

        for options in ({}, {"overwrite": True}):
            self.refuse(
                "photos/a.mask.png, written beside the result for photos/a.mask.png, would replace the input",
                ["photos/a.mask.png"], "photos/a.png", beside=mask, **options,
            )  # fmt: skip
        assert outputs(["photos/a.mask.png"], "photos/c.png", beside=mask) == ["photos/c.png"]

    def test_result_that_replaces_its_input(self):
        self.refuse("would replace the input photos/b.png", ["photos/b.png"], "photos")
        self.refuse("would replace the input", ["photos/b.png"], "other/../photos/b.png")
        assert outputs(["photos/b.png"], "photos", overwrite=True) == ["photos/b.png"]

    def test_result_that_replaces_another_input_is_refused_even_with_overwrite(self, tree):
        (tree / "photos/b-x4.png").touch()
        inputs = ["photos/b.png", "photos/b-x4.png"]
        self.refuse("would replace the input", inputs, "photos", suffix="-x4", overwrite=True)

    def test_link_to_an_input(self, tree):
        (tree / "link").symlink_to(tree / "photos")
        self.refuse("would replace the input", ["photos/b.png"], "link")

    def test_existing_file(self):
        self.refuse("other/a.png exists already", ["photos/b.png"], "other/a.png")
        assert outputs(["photos/b.png"], "other/a.png", overwrite=True) == ["other/a.png"]

    def test_format_that_cannot_be_written(self):
        self.refuse("cannot be written as .xyz", ["photos/b.png"], "out.xyz")
        self.refuse("cannot be written as gif", ["photos"], "out", extension="gif")

    def test_names_of_results_in_a_folder_for_a_file(self):
        self.refuse("--suffix and --format", ["photos/b.png"], "out.png", suffix="-x4")


class TestPairs:
    def test_by_name_without_the_suffix(self):
        assert by_name(Path("photos"), recursive=True).keys() == {"a", "b", "deep/b", "deep/c"}

    def test_two_of_one_name(self, tree):
        (tree / "photos/b.jpg").touch()
        with pytest.raises(InputError, match="have one name"):
            by_name(Path("photos"))

    def test_one_mask_for_all(self):
        assert mask_for(Path("x/b.png"), Path("b.png"), Path("other/a.png")) == Path("other/a.png")

    def test_mask_beside_its_image(self):
        assert mask_for(Path("photos/a.JPG"), Path("a.JPG"), Path("photos")) == Path("photos/a.mask.png")

    def test_mask_of_the_same_name_in_another_folder(self):
        assert mask_for(Path("photos/a.JPG"), Path("a.JPG"), Path("other")) == Path("other/a.png")

    def test_an_image_is_not_its_own_mask(self):
        with pytest.raises(InputError, match=r"no mask for photos/b.png in photos"):
            mask_for(Path("photos/b.png"), Path("b.png"), Path("photos"))

    def test_several_masks(self, tree):
        (tree / "other/a.tif").touch()
        with pytest.raises(InputError, match="could be the mask"):
            mask_for(Path("photos/a.JPG"), Path("a.JPG"), Path("other"))
