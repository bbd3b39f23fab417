/* A program with the note by which objects of Go are known. */
__asm__ (
"	.section .note.go.buildid, \"a\", @note\n"
"	.balign	4\n"
"	.long	4, 4, 4\n"		/* lengths of name and contents; ELF_NOTE_GOBUILDID_TAG */
"	.asciz	\"Go\"\n"
"	.byte	0\n"
"	.ascii	\"test\"\n"
"	.text\n"
);

int
main(void)
{
	return 0;
}
